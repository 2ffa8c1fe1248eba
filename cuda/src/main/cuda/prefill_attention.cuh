// Causal attention of many rows of one sequence, on tensor cores (FlashAttention-2: Dao, 2023).
//
// A block: 64 rows of one query head, 16 a warp; it goes over the pages of keys and values up to its last row. Scores, their
// softmax and the sum stay in registers. As in gemm.cuh, f32 goes through bf16 tensor cores as high + low; of a product of
// two such sums, low times low is left out.
//
//   in shared memory: a page as K high [64][D], K low, V high, V low, and the low halves of the queries, for which registers
//   do not suffice; 16-byte chunk c of row r lies at c ^ (r % 8)
#pragma once
#include "attention.cuh"
#include "gemm.cuh"

constexpr int PREFILL_ROWS = 64;
constexpr int PREFILL_WARPS = PREFILL_ROWS / 16;

template <int D>
DEVICE int page_swizzled(int row, int chunk) {
  return row * D + (chunk ^ (row % 8)) * 8;
}

// 64 rows of f32 into two tiles of bf16. What lies behind the rows that are there was never written, and nothing times NaN is
// NaN: it becomes zeros.
template <int D>
DEVICE void split_page(const float* from, int rows, bf16* high, bf16* low) {
  for (int at = threadIdx.x; at < PAGE * D / 8; at += PREFILL_WARPS * WARP) {
    int row = at / (D / 8);
    int chunk = at % (D / 8);
    const float4* source = reinterpret_cast<const float4*>(from + row * D + chunk * 8);
    float4 nothing = {0, 0, 0, 0};
    float4 x = row < rows ? source[0] : nothing;
    float4 y = row < rows ? source[1] : nothing;
    uint4 h, l;
    split_pair(x.x, x.y, h.x, l.x);
    split_pair(x.z, x.w, h.y, l.y);
    split_pair(y.x, y.y, h.z, l.z);
    split_pair(y.z, y.w, h.w, l.w);
    *reinterpret_cast<uint4*>(high + page_swizzled<D>(row, chunk)) = h;
    *reinterpret_cast<uint4*>(low + page_swizzled<D>(row, chunk)) = l;
  }
}

// d += (ah + al)(bh + bl), or d += ah bh
DEVICE void multiply_add_split(float d[4], const unsigned ah[4], const unsigned al[4], const unsigned bh[2],
                               const unsigned bl[2], bool isExact) {
  if (isExact) {
    multiply_add(d, al, bh);
    multiply_add(d, ah, bl);
  }
  multiply_add(d, ah, bh);
}

// Of the four lanes that hold a row of scores.
DEVICE float row_max(float x) {
  x = fmaxf(x, __shfl_xor_sync(ALL_LANES, x, 1));
  return fmaxf(x, __shfl_xor_sync(ALL_LANES, x, 2));
}

DEVICE float row_sum(float x) {
  x += __shfl_xor_sync(ALL_LANES, x, 1);
  return x + __shfl_xor_sync(ALL_LANES, x, 2);
}

template <int D>
DEVICE void prefill_attention(const float* q, const int* positions, const int* firstPage, const unsigned long long* pages,
                              float* out, int layer, int heads, int kvHeads, int tokens, bool isExact) {
  DYNAMIC_SHARED(bf16, shared);
  bf16* keyHigh = shared;
  bf16* keyLow = keyHigh + PAGE * D;
  bf16* valueHigh = keyLow + PAGE * D;
  bf16* valueLow = valueHigh + PAGE * D;
  bf16* queryLow = valueLow + PAGE * D;
  wait_for_previous_kernel();
  int lane = threadIdx.x % WARP;
  int warp = threadIdx.x / WARP;
  int head = blockIdx.y;
  int kvHead = head / (heads / kvHeads);
  const unsigned long long* mine = pages + firstPage[0];
  int position0 = positions[0];
  int blockRow = (gridDim.x - 1 - blockIdx.x) * PREFILL_ROWS;  // the longest first
  int lastRow = min(blockRow + PREFILL_ROWS, tokens) - 1;

  // The rows of this lane, and their queries as first factors.
  int row[2] = {blockRow + warp * 16 + lane / 4, blockRow + warp * 16 + lane / 4 + 8};
  float scale = 1.0f / sqrtf(static_cast<float>(D));
  unsigned queryHigh[D / 16][4];
#pragma unroll
  for (int k = 0; k < D / 16; k++) {
#pragma unroll
    for (int i = 0; i < 4; i++) {
      int at = row[i % 2];
      const float* x = q + (static_cast<size_t>(at) * heads + head) * D + k * 16 + lane % 4 * 2 + i / 2 * 8;
      bool there = at < tokens;
      unsigned low;
      split_pair(there ? x[0] * scale : 0.0f, there ? x[1] * scale : 0.0f, queryHigh[k][i], low);
      int to = page_swizzled<D>(at - blockRow, k * 2 + i / 2) + lane % 4 * 2;
      *reinterpret_cast<unsigned*>(queryLow + to) = low;
    }
  }

  float sum[D / 8][4] = {};
  float best[2] = {-INFINITY, -INFINITY};
  float total[2] = {0, 0};
  for (int first = 0; first <= position0 + lastRow; first += PAGE) {
    __syncthreads();
    int keys = position0 + tokens - first;
    split_page<D>(key_row(mine, layer, kvHeads, kvHead, D, first), keys, keyHigh, keyLow);
    split_page<D>(value_row(mine, layer, kvHeads, kvHead, D, first), keys, valueHigh, valueLow);
    __syncthreads();

    float scores[PAGE / 8][4] = {};
#pragma unroll
    for (int k = 0; k < D / 16; k++) {
      unsigned low[4];
      load_matrices(low, queryLow + page_swizzled<D>(warp * 16 + lane % 16, k * 2 + lane / 16));
#pragma unroll
      for (int n = 0; n < PAGE / 16; n++) {
        unsigned h[4], l[4] = {};
        int at = page_swizzled<D>(n * 16 + lane % 8 + lane / 16 * 8, k * 2 + lane / 8 % 2);
        load_matrices(h, keyHigh + at);
        if (isExact) {
          load_matrices(l, keyLow + at);
        }
        multiply_add_split(scores[2 * n], queryHigh[k], low, h, l, isExact);
        multiply_add_split(scores[2 * n + 1], queryHigh[k], low, h + 2, l + 2, isExact);
      }
    }

    // Keys after the row's own are not seen; what is in a page behind the last key neither.
    float pageBest[2] = {-INFINITY, -INFINITY};
#pragma unroll
    for (int n = 0; n < PAGE / 8; n++) {
#pragma unroll
      for (int i = 0; i < 4; i++) {
        if (first + n * 8 + lane % 4 * 2 + i % 2 > position0 + row[i / 2]) {
          scores[n][i] = -INFINITY;
        }
        pageBest[i / 2] = fmaxf(pageBest[i / 2], scores[n][i]);
      }
    }
    float keep[2];
#pragma unroll
    for (int i = 0; i < 2; i++) {
      // Not infinite: every row has seen key 0 by then.
      float next = fmaxf(best[i], row_max(pageBest[i]));
      keep[i] = expf(best[i] - next);
      best[i] = next;
      total[i] *= keep[i];
    }
#pragma unroll
    for (int n = 0; n < PAGE / 8; n++) {
#pragma unroll
      for (int i = 0; i < 4; i++) {
        scores[n][i] = expf(scores[n][i] - best[i / 2]);
        total[i / 2] += scores[n][i];
      }
    }
#pragma unroll
    for (int d = 0; d < D / 8; d++) {
#pragma unroll
      for (int i = 0; i < 4; i++) {
        sum[d][i] *= keep[i / 2];
      }
    }

    // The layout of scores is that of a first factor, two tiles of 8 making one of 16.
#pragma unroll
    for (int k = 0; k < PAGE / 16; k++) {
      unsigned weightHigh[4], weightLow[4];
#pragma unroll
      for (int i = 0; i < 4; i++) {
        const float* pair = scores[2 * k + i / 2] + i % 2 * 2;
        split_pair(pair[0], pair[1], weightHigh[i], weightLow[i]);
      }
#pragma unroll
      for (int d = 0; d < D / 16; d++) {
        unsigned h[4], l[4] = {};
        int at = page_swizzled<D>(k * 16 + lane % 16, d * 2 + lane / 16);
        load_matrices_transposed(h, valueHigh + at);
        if (isExact) {
          load_matrices_transposed(l, valueLow + at);
        }
        multiply_add_split(sum[2 * d], weightHigh, weightLow, h, l, isExact);
        multiply_add_split(sum[2 * d + 1], weightHigh, weightLow, h + 2, l + 2, isExact);
      }
    }
  }

#pragma unroll
  for (int i = 0; i < 2; i++) {
    float all = row_sum(total[i]);
    if (row[i] < tokens) {
      float* to = out + (static_cast<size_t>(row[i]) * heads + head) * D + lane % 4 * 2;
#pragma unroll
      for (int d = 0; d < D / 8; d++) {
        to[d * 8] = sum[d][i * 2] / all;
        to[d * 8 + 1] = sum[d][i * 2 + 1] / all;
      }
    }
  }
}

#define PREFILL_ATTENTION(name, D)                                                                                        \
  KERNEL __launch_bounds__(PREFILL_WARPS* WARP)                                                                           \
      name(const float* q, const int* positions, const int* firstPage, const unsigned long long* pages, float* out,       \
           int layer, int heads, int kvHeads, int tokens, int isExact) {                                                  \
    prefill_attention<D>(q, positions, firstPage, pages, out, layer, heads, kvHeads, tokens, isExact != 0);               \
  }

PREFILL_ATTENTION(prefill_attention_64, 64)
PREFILL_ATTENTION(prefill_attention_128, 128)
