// Where keys and values are.
//
//   a page: 64 positions over all layers, in f32
//   layer 0                                                layer 1
//   K head 0 | K head 1 | ... | V head 0 | V head 1 | ... | K head 0 | ...       each [64][D]
//
// A sequence is a list of pages; pages[firstPage[row] + p / 64] holds position p of the sequence of a row.
#pragma once
#include "device.cuh"

constexpr int PAGE = 64;

DEVICE float* key_row(const unsigned long long* pages, int layer, int kvHeads, int head, int headDim, int position) {
  float* page = reinterpret_cast<float*>(pages[position / PAGE]);
  return page + (static_cast<size_t>(2 * layer) * kvHeads + head) * PAGE * headDim + position % PAGE * headDim;
}

DEVICE float* value_row(const unsigned long long* pages, int layer, int kvHeads, int head, int headDim, int position) {
  float* page = reinterpret_cast<float*>(pages[position / PAGE]);
  return page + (static_cast<size_t>(2 * layer + 1) * kvHeads + head) * PAGE * headDim + position % PAGE * headDim;
}

// A block a row of the pass.
KERNEL append_to_cache(const float* k, const float* v, const int* positions, const int* firstPage,
                       const unsigned long long* pages, int layer, int kvHeads, int headDim) {
  wait_for_previous_kernel();
  int row = blockIdx.x;
  int position = positions[row];
  const unsigned long long* mine = pages + firstPage[row];
  int width = kvHeads * headDim;
  for (int i = threadIdx.x; i < width; i += blockDim.x) {
    size_t from = static_cast<size_t>(row) * width + i;
    key_row(mine, layer, kvHeads, i / headDim, headDim, position)[i % headDim] = k[from];
    value_row(mine, layer, kvHeads, i / headDim, headDim, position)[i % headDim] = v[from];
  }
}
