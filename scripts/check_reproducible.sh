#!/bin/sh
# Builds the last commit in two folders, and compares every archive. Time zone and umask must be the same: zip files hold local
# times and the rights of files.
#
#   scripts/check_reproducible.sh            builds twice
#   scripts/check_reproducible.sh FOLDER     builds once, and compares with what was built in FOLDER from the same commit
#
# The profile release must have been active there. Archives with a Java of their own (jlink) are not compared.
set -eu
cd "$(dirname "$0")/.."
work=$(pwd -P)/target/reproducible
rm -rf "$work"
mkdir -p "$work"
JAVA_HOME=$(./nextclass --find-jdk)
export JAVA_HOME

build() {
  git clone -q --no-hardlinks . "$1"
  (cd "$1" && "$1/scripts/private_repository.sh" "$1/target/repository" &&
    mvn -q -B -Dstyle.color=never -Dmaven.repo.local="$1/target/repository" -P 'release,!format' -Dmaven.test.skip=true package)
}

list() { # the checksums of all archives, by name
  (cd "$1" && find . -path './*/target/nextclass-*' \( -name '*.jar' -o -name '*-java.zip' -o -name '*-java.tar.gz' \) \
    ! -path './target/*' ! -path './benchmarks/*' ! -path './docs/*' ! -path './dist/*' -exec sha256sum {} + | sort -k 2)
}

first=${1:-}
if [ -z "$first" ]; then
  first=$work/first
  build "$first"
fi
build "$work/a second folder"
list "$first" >"$work/first.txt"
list "$work/a second folder" >"$work/second.txt"
if ! diff "$work/first.txt" "$work/second.txt"; then
  echo "failed: two builds differ" >&2
  exit 1
fi
[ -s "$work/first.txt" ] || { echo "failed: no archives in $first" >&2; exit 1; }
echo "$(wc -l <"$work/first.txt") archives are the same in two builds"
rm -rf "$work/first" "$work/a second folder"
