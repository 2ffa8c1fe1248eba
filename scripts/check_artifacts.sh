#!/bin/sh
# Checks what "mvn -P release install" has put into the local Maven repository REPOSITORY: that nothing is missing of what
# Maven Central asks for, nothing is there that should not be, and modules are modules.
set -eu
repository=$(cd "${1:?usage: check_artifacts.sh REPOSITORY}" && pwd -P)/io/github/nextclass
cd "$(dirname "$0")/.."
jdk=$(./nextclass --find-jdk)
work=target/check-artifacts
rm -rf "$work"
mkdir -p "$work"

fail() {
  echo "failed: $*" >&2
  exit 1
}

check_pom() {
  for element in name description url licenses developers scm; do
    grep -q "<$element>\|<$element " "$1" || fail "$1: no <$element>"
  done
  if grep -q '<parent>\|<build>\|<profiles>\|<scope>test\|<repositories>' "$1"; then
    fail "$1: holds what only our own build needs"
  fi
}

check_jar() { # the artifact without what follows its version, its module
  "$jdk/bin/jar" --list --file "$1.jar" >"$work/list"
  grep -qx META-INF/LICENSE "$work/list" || fail "$1.jar: no licence"
  if grep -qv '^META-INF/\|^io/$\|^io/github/$\|^io/github/nextclass/\|^module-info.class$' "$work/list"; then
    fail "$1.jar: holds $(grep -v '^META-INF/\|^io/' "$work/list" | head -n 3)"
  fi
  module=$("$jdk/bin/jar" --describe-module --file "$1.jar" | grep -o "^$2[@ ].*" | head -n 1)
  case $module in
    "$2"*automatic*) [ "$2" = io.github.nextclass.cuda ] || fail "$1.jar: is no module" ;;
    "$2"*) ;;
    *) fail "$1.jar: is not the module $2" ;;
  esac
  "$jdk/bin/jar" --list --file "$1-sources.jar" | grep -q 'package-info.java' || fail "$1-sources.jar: no sources"
  "$jdk/bin/jar" --list --file "$1-javadoc.jar" | grep -q 'package-summary.html' || fail "$1-javadoc.jar: no Javadoc"
  grep -q '"bomFormat" : "CycloneDX"' "$1-cyclonedx.json" || fail "$1-cyclonedx.json: no bill of materials"
}

ls "$repository" | sort >"$work/artifacts"
for name in bom cli cuda engine hub safetensors sampling tokenizer; do echo "nextclass-$name"; done >"$work/expected"
diff "$work/expected" "$work/artifacts" || fail "$repository holds other artifacts than those that are published"
for name in $(cat "$work/artifacts"); do
  for pom in "$repository/$name"/*/*.pom; do
    check_pom "$pom"
    [ "$name" = nextclass-bom ] || check_jar "${pom%.pom}" "io.github.nextclass.${name#nextclass-}"
  done
done

# Modules that name what they need: all are found, with nothing on the class path.
jars=$(find "$repository" -name '*.jar' ! -name '*-sources.jar' ! -name '*-javadoc.jar' ! -name '*cuda*' | tr '\n' ':')
"$jdk/bin/java" -p "$jars:cli/target/lib" --add-modules io.github.nextclass.cli --validate-modules >"$work/modules" 2>&1 ||
  fail "the module path is not well: $(cat "$work/modules")"
echo "$(wc -l <"$work/artifacts") artifacts: POMs, jars, modules, sources, Javadoc, licence, bills of materials are well"
