#!/bin/sh
# Checks and times the CUDA backend on a machine with an NVIDIA GPU, in one call:
#
#   scripts/cuda_check.sh [OUT [all|tests|figures [MODEL]]]
#                                            writes OUT/cuda.json and OUT/cuda.md (default: target/cuda-check);
#                                            MODEL: a checkpoint; default: random weights in the shape of Qwen3-0.6B
#   scripts/cuda_check.sh --pack             for a bare GPU machine: on a machine with JDK 25 and Maven, puts a Java runtime
#                                            and everything compiled into .cuda-check (about 40 MB); take the tree along
#                                            with it, and there the first form needs nothing but the driver
#
# With SANITIZE=1 in the environment the tests run under compute-sanitizer, once for bad addresses and once for races.
set -eu
cd "$(dirname "$0")/.."
bundle=.cuda-check
flags="--add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED"
modules=java.base,java.logging,java.management,jdk.management,java.xml,jdk.incubator.vector,jdk.unsupported

die() { echo "cuda_check: $*" >&2; exit 1; }

build() {
  rm -rf target/cuda-check-lib
  jdk=$(./nextclass --find-jdk) || die "no JDK 25 found, and no $bundle here; make one with --pack elsewhere"
  command -v mvn >/dev/null || die "no Maven found, and no $bundle here; make one with --pack elsewhere"
  JAVA_HOME=$jdk mvn -q -B -P '!format' -pl cuda -am -DskipTests package dependency:copy-dependencies \
    -DincludeScope=test -DexcludeGroupIds=io.github.nextclass,com.code-intelligence,com.tngtech.archunit -DoutputDirectory="$PWD/target/cuda-check-lib"
}

if [ "${1:-}" = --pack ]; then
  build
  rm -rf "$bundle"
  mkdir -p "$bundle/lib"
  cp target/cuda-check-lib/*.jar "$bundle/lib"
  for module in safetensors engine cuda; do
    cp -r "$module/target/classes" "$bundle/$module"
  done
  cp -r cuda/target/test-classes "$bundle/tests"
  rm -f "$bundle"/*/module-info.class
  "$jdk/bin/jlink" --add-modules "$modules" --strip-debug --no-header-files --no-man-pages --compress zip-0 \
    --output "$bundle/runtime"
  tar -C "$bundle" -cJf "$bundle/runtime.tar.xz" runtime
  rm -rf "$bundle/runtime"
  git rev-parse HEAD >"$bundle/commit"
  du -sh "$bundle"
  exit
fi

out=${1:-target/cuda-check}
what=${2:-all}
model=${3:-}
case $out in /*) ;; *) out=$PWD/$out ;; esac
case $model in "" | /*) ;; *) model=$PWD/$model ;; esac
if [ -e "$bundle/runtime.tar.xz" ]; then
  [ -e "$bundle/runtime" ] || tar -C "$bundle" -xJf "$bundle/runtime.tar.xz"
  java=$PWD/$bundle/runtime/bin/java
  class_path=$PWD/$bundle/tests:$PWD/$bundle/cuda:$PWD/$bundle/engine:$PWD/$bundle/safetensors:$PWD/$bundle/lib/*
  commit=$(cat "$bundle/commit")
else
  build
  java=$jdk/bin/java
  class_path=$PWD/cuda/target/test-classes:$PWD/cuda/target/classes:$PWD/engine/target/classes
  class_path=$class_path:$PWD/safetensors/target/classes:$PWD/target/cuda-check-lib/*
  commit=$(git rev-parse HEAD 2>/dev/null || echo unknown)
fi
nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv 2>/dev/null || echo "no nvidia-smi here"

cd cuda # the tests look for golden data from here
if [ -n "${SANITIZE:-}" ]; then
  for tool in memcheck racecheck; do
    # shellcheck disable=SC2086
    compute-sanitizer --tool "$tool" --error-exitcode 9 \
      "$java" $flags -Dnextclass.commit="$commit" -cp "$class_path" io.github.nextclass.cuda.CudaCheck "$out/$tool" tests
  done
  exit
fi
# shellcheck disable=SC2086
exec "$java" $flags -Dnextclass.commit="$commit" -cp "$class_path" io.github.nextclass.cuda.CudaCheck "$out" "$what" "$model"
