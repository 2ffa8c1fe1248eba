#!/bin/sh
# Makes the PTX that is shipped, from cuda/src/main/cuda, with nvcc 13.0. With --check only compares.
#
# nvcc 13.0 writes ".version 9.0", which drivers before CUDA 13 refuse, though the kernels use nothing that new. The first
# line is set to what they do use: 7.8 (CUDA 11.8) for Ampere, 8.0 (CUDA 12.0) for Hopper. That this is true is a test:
# PtxAssemblyTest assembles the files with the compiler of CUDA 12.0.
set -eu
cd "$(dirname "$0")/.."
sources=cuda/src/main/cuda
resources=cuda/src/main/resources/io/github/nextclass/cuda
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

nvcc --version | grep -q "release 13.0" || { echo "nvcc 13.0 is needed, found: $(nvcc --version | grep release)" >&2; exit 1; }

status=0
for target in kernels_80:7.8 kernels_90:8.0 hopper_90a:8.0; do
  name=${target%:*}
  file=$name.ptx
  nvcc -std=c++17 -O3 -arch=compute_"${name#*_}" -ptx -o "$work/$file" "$sources/${name%_*}.cu"
  # Comments name the compiler's build, and internal names begin with a hash of the folder; neither is the code.
  sed -e "s/^\.version .*/.version ${target#*:}/" -e '/^\/\//d' -e 's/_INTERNAL_[0-9a-f]\{8\}_/_INTERNAL_00000000_/g' \
    "$work/$file" >"$work/$file.out"
  if [ "${1:-}" = --check ]; then
    cmp "$work/$file.out" "$resources/$file" || status=1
  else
    mkdir -p "$resources"
    mv "$work/$file.out" "$resources/$file"
    echo "$resources/$file: $(wc -c <"$resources/$file") bytes"
  fi
done
exit $status
