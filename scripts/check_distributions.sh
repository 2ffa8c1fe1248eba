#!/bin/sh
# Unpacks what "mvn -P dist package" has left in dist/target, and tells a story with each: the one with its own Java where no
# Java is to be found, the other ones with the JDK 25 of this machine. Says how large and how fast they are.
set -eu
cd "$(dirname "$0")/.."
JAVA_HOME=$(./nextclass --find-jdk)
work=target/check-distributions
rm -rf "$work"
mkdir -p "$work/bin" "$work/own" "$work/zip" "$work/tar"

fail() {
  echo "failed: $*" >&2
  exit 1
}

tar -xzf dist/target/nextclass-*-java.tar.gz -C "$work/tar"
(cd "$work/zip" && "$JAVA_HOME/bin/jar" --extract --file ../../../dist/target/nextclass-*-java.zip)
tar -xzf "$(ls dist/target/nextclass-*.tar.gz | grep -v -e '-java.tar.gz')" -C "$work/own"
[ -x "$work"/tar/*/bin/nextclass ] || fail "the launcher in the tar.gz is not executable"

tell() {
  "$@" generate --seed 1 --max-new-tokens 40 "Once upon a time" >"$work/story" 2>"$work/err" || fail "$*: $(cat "$work/err")"
  [ "$(wc -w <"$work/story")" -ge 20 ] || fail "$*: that is no story: $(cat "$work/story")"
  # The JDK's own lines are all that may stand there.
  if grep -v -e 'WARNING: Using incubator modules' -e '^Picked up ' "$work/err"; then fail "$*: unexpected output"; fi
}

JAVA_HOME=$JAVA_HOME tell sh "$work"/tar/*/bin/nextclass
JAVA_HOME=$JAVA_HOME tell sh "$work"/zip/*/bin/nextclass

# A PATH with what the launcher uses, and no Java.
for tool in sh readlink; do ln -s "$(command -v $tool)" "$work/bin/$tool"; done
own=$(echo "$PWD/$work"/own/*)
tell env -i PATH="$PWD/$work/bin" HOME="$PWD/$work" "$own/bin/nextclass"
[ -s "$own/lib/nextclass.aot" ] || fail "$own: no cache of loaded classes"
"$own/bin/java" -Xlog:disable -Xlog:aot=warning:stderr -XX:AOTMode=on -XX:AOTCache="$own/lib/nextclass.aot" -XX:+UseSerialGC \
  -m io.github.nextclass.cli/io.github.nextclass.cli.Main --version >/dev/null 2>"$work/err" ||
  fail "the cache does not fit: $(cat "$work/err")"

start() { # the median of five, in milliseconds
  for _ in 1 2 3 4 5; do
    from=$(date +%s%N)
    env -i PATH="$PWD/$work/bin" "$own/bin/nextclass" "$@" >/dev/null 2>&1
    to=$(date +%s%N)
    echo $(((to - from) / 1000000))
  done | sort -n | sed -n 3p
}

mib() { echo "$((($(du -sk "$1" | cut -f 1) + 512) / 1024)) MiB"; }
echo "the distributions run; with its own Java: $(mib "$own") unpacked, $(mib "$(ls dist/target/nextclass-*.tar.gz | grep -v -e '-java.tar.gz')") packed"
echo "start: $(start --version) ms to the version, $(start generate --max-new-tokens 1 Once) ms to the first token"
