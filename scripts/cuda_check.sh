#!/bin/sh
# Checks and times the CUDA backend on a machine with an NVIDIA GPU, in one call:
#
#   scripts/cuda_check.sh [OUT [all|tests|figures|profile [MODEL]]]
#                                            writes OUT/cuda.json and OUT/cuda.md (default: target/cuda-check);
#                                            MODEL: a checkpoint; default: random weights in the shape of Qwen3-0.6B
#   scripts/cuda_check.sh --pack             for a bare GPU machine: on a machine with JDK 25 and Maven, puts a Java runtime
#                                            and everything compiled into .cuda-check (below 64 MB); take the tree along
#                                            with it, and there the first form needs nothing but the driver
#   scripts/cuda_check.sh --rehearse         the same check on a machine without GPU, of a tiny model on the driver that the
#                                            tests compile: shows that the check itself runs to its end
#
# In the environment:
#   CHECK_SECONDS=N   no part of the check begins later (default 400), so that a machine lent for 10 minutes suffices
#   PROFILER=COMMAND  what the program is started with, as in PROFILER="ncu --set detailed" scripts/cuda_check.sh OUT profile
#   SANITIZE=1        the tests run under compute-sanitizer, once for bad addresses and once for races
#
# Parts that fail or that there is no time for are named in the results; the others go on. Where PyTorch is installed, its
# matrix products of the same shapes are timed last (OUT/anchors.json), to compare with.
set -eu
cd "$(dirname "$0")/.."
bundle=.cuda-check
flags="--add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED"
parts="safetensors tokenizer engine sampling cuda"
modules=java.base,java.logging,java.management,jdk.management,java.xml,jdk.incubator.vector,jdk.unsupported

die() { echo "cuda_check: $*" >&2; exit 1; }

build() {
  rm -rf target/cuda-check-lib
  jdk=$(./nextclass --find-jdk) || die "no JDK 25 found, and no $bundle here; make one with --pack elsewhere"
  command -v mvn >/dev/null || die "no Maven found, and no $bundle here; make one with --pack elsewhere"
  JAVA_HOME=$jdk mvn -q -B -P '!format' -pl cuda -am -DskipTests package dependency:copy-dependencies \
    -DincludeScope=test -DexcludeGroupIds=io.github.nextclass,com.code-intelligence,com.tngtech.archunit,net.bytebuddy -DoutputDirectory="$PWD/target/cuda-check-lib"
}

if [ "${1:-}" = --pack ]; then
  build
  rm -rf "$bundle"
  mkdir -p "$bundle/lib"
  cp target/cuda-check-lib/*.jar "$bundle/lib"
  for module in $parts; do
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

size=real
if [ "${1:-}" = --rehearse ]; then
  driver=$PWD/cuda/target/fake-driver
  [ -e "$driver/libcuda.so.1" ] || die "the tests of the module make $driver: run them first"
  export LD_LIBRARY_PATH="$driver${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
  size=rehearsal
  set -- target/cuda-check-rehearsal figures engine/src/test/resources/golden/gqa-tied-bf16
fi
out=${1:-target/cuda-check}
what=${2:-all}
model=${3:-}
case $out in /*) ;; *) out=$PWD/$out ;; esac
case $model in "" | /*) ;; *) model=$PWD/$model ;; esac
if [ -e "$bundle/runtime.tar.xz" ]; then
  unpacked=$PWD/target/cuda-check-runtime # not in the bundle, which is to stay small
  if [ ! "$unpacked/runtime" -nt "$bundle/runtime.tar.xz" ]; then
    rm -rf "$unpacked"
    mkdir -p "$unpacked"
    tar -C "$unpacked" -xmJf "$bundle/runtime.tar.xz"
  fi
  java=$unpacked/runtime/bin/java
  class_path=$PWD/$bundle/tests
  for module in $parts; do class_path=$class_path:$PWD/$bundle/$module; done
  class_path=$class_path:$PWD/$bundle/lib/*
  commit=$(cat "$bundle/commit")
else
  build
  java=$jdk/bin/java
  class_path=$PWD/cuda/target/test-classes
  for module in $parts; do class_path=$class_path:$PWD/$module/target/classes; done
  class_path=$class_path:$PWD/target/cuda-check-lib/*
  commit=$(git rev-parse HEAD 2>/dev/null || echo unknown)
fi
nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv 2>/dev/null || echo "no nvidia-smi here"
driver_version=$(nvidia-smi --query-gpu=driver_version --format=csv,noheader 2>/dev/null | head -n 1)
flags="$flags -Dnextclass.driver=${driver_version:-unknown}"
mkdir -p "$out"
# Many engines are made: without a folder for what the driver has compiled, it would compile for each.
CUDA_CACHE_PATH=$(mktemp -d)
export CUDA_CACHE_PATH
status=0
cd cuda # the tests look for golden data from here
if [ -n "${SANITIZE:-}" ]; then
  for tool in memcheck racecheck; do
    # shellcheck disable=SC2086
    compute-sanitizer --tool "$tool" --error-exitcode 9 \
      "$java" $flags -Dnextclass.commit="$commit" -cp "$class_path" io.github.nextclass.cuda.CudaCheck "$out/$tool" tests "${CHECK_SECONDS:-400}" real
  done
  exit
fi
# shellcheck disable=SC2086
${PROFILER:-} "$java" $flags -Dnextclass.commit="$commit" -cp "$class_path" io.github.nextclass.cuda.CudaCheck "$out" "$what" \
  "${CHECK_SECONDS:-400}" "$size" ${model:+"$model"} || status=$?
if [ "$size" = real ] && [ "$what" != profile ] && python3 -c "import torch" 2>/dev/null; then
  timeout 90 python3 ../scripts/cuda_anchors.py "$out/anchors.json" || echo "no anchors from PyTorch"
fi
exit $status
