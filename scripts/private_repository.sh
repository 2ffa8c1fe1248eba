#!/bin/sh
# Makes a local Maven repository FOLDER in which io.github.nextclass is private, and all else is that of the user: what is
# installed there is seen by nobody else, and nothing is downloaded twice.
#
#   scripts/private_repository.sh target/repository
#   mvn -Dmaven.repo.local="$PWD/target/repository" install
set -eu
folder=${1:?usage: private_repository.sh FOLDER}
users=${MAVEN_LOCAL_REPOSITORY:-$HOME/.m2/repository}
rm -rf "$folder"
mkdir -p "$folder/io/github" "$users"
users=$(cd "$users" && pwd -P)

link() { # each entry of the user's folder $1, but not $2
  for entry in "$users/$1"*; do
    name=${entry##*/}
    if [ -e "$entry" ] && [ "$name" != "$2" ]; then ln -s "$entry" "$folder/$1$name"; fi
  done
}
link "" io
link io/ github
link io/github/ nextclass
