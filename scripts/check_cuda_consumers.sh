#!/bin/sh
# Shows, with the artifacts in the local Maven repository REPOSITORY, that a project which depends on nextclass-cuda resolves on
# every machine, those too for which JCuda has no natives. Maven takes the machine from system properties, so these stand for it.
set -eu
repository=$(cd "${1:?usage: check_cuda_consumers.sh REPOSITORY}" && pwd -P)
cd "$(dirname "$0")/.."
JAVA_HOME=$(./nextclass --find-jdk)
export JAVA_HOME
plugin=$(sed -n '/<artifactId>maven-dependency-plugin/{n;s/.*<version>\(.*\)<\/version>.*/\1/p;}' pom.xml | head -n 1)
work=$PWD/target/cuda-consumers
rm -rf "$work"
mkdir -p "$work"

while IFS=, read -r name arch; do
  to=$work/$name-$arch
  # shellcheck disable=SC2089,SC2090
  JAVA_TOOL_OPTIONS="-Dos.name=\"$name\" -Dos.arch=$arch" mvn -q -B -o -f docs/projects/cuda/pom.xml \
    -Dmaven.repo.local="$repository" "org.apache.maven.plugins:maven-dependency-plugin:$plugin:copy-dependencies" \
    -DoutputDirectory="$to" 2>"$work/errors" || { cat "$work/errors" >&2; exit 1; }
  ls "$to" >"$to.list"
  grep -q '^nextclass-cuda-' "$to.list" || { echo "failed: $name, $arch: no nextclass-cuda" >&2; exit 1; }
  cmp "$to.list" "$work/Linux-amd64.list" || { echo "failed: $name, $arch: other jars than on Linux, amd64" >&2; exit 1; }
  echo "resolved for $name, $arch: $(wc -l <"$to.list") jars"
done <<END
Linux,amd64
Linux,aarch64
Mac OS X,aarch64
Mac OS X,x86_64
END
