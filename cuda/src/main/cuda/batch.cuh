// Linear layers for some tens of tokens, as in decoding many sequences together: the time is still that of reading the
// weights, but there are too many tokens for the loops of linear.cuh.
//
//   a block: 8 warps, up to 32 tokens, BN rows of W. Each warp takes every eighth part of 32 columns of all of them, and the
//   sums of the warps are added in their order at the end.
//
// Nothing goes through shared memory before that: a lane loads 16 neighbouring bytes of a row of W and of a row of x, and
// which columns a tensor core calls k is free as long as both factors agree:
//
//   columns of a part    0..7     8..15    16..23   24..31
//   lane % 4             0        1        2        3          of these eight: 0..3 in the first mma, 4..7 in the second,
//                                                              the first two as k = 2t, 2t + 1, the others as 2t + 8, 2t + 9
#pragma once
#include "layers.cuh"

constexpr int BATCH_WARPS = 8;
constexpr int BATCH_TOKENS = 32;
constexpr int DEPTH = 32;  // columns of a part

// The sums of all warps, in rows of 8 more than there are: so the four rows that half a warp writes to are in different
// banks.
template <int BN>
struct alignas(16) BatchSums {
  float of[BATCH_WARPS][BATCH_TOKENS][BN + 8];
};

// BN: 16 or 32.
template <int BN>
DEVICE void batch(Layers<bf16> layers, const bf16* high, const bf16* low, float* residual, int columns, int tokens) {
  constexpr int M = BATCH_TOKENS / 16;
  constexpr int N = BN / 8;
  SHARED(BatchSums<BN>, sums);
  int lane = threadIdx.x % WARP;
  int warp = threadIdx.x / WARP;
  int group = lane / 4;
  int at = lane % 4 * 8;

  // Rows of all layers as of one matrix; a tile may reach over the end of a layer.
  int firstRow = blockIdx.x * BN;
  int rows = layers.rows();
  const bf16* weights[N];
#pragma unroll
  for (int n = 0; n < N; n++) {
    int row = firstRow + n * 8 + group;
    weights[n] = row < rows ? layers.row(row, columns) + at : nullptr;
  }
  auto load = [&](uint4 w[N], int column) {
#pragma unroll
    for (int n = 0; n < N; n++) {
      w[n] = weights[n] != nullptr && column < columns ? load_weights(weights[n] + column) : make_uint4(0, 0, 0, 0);
    }
  };
  uint4 w[N];
  load(w, warp * DEPTH);

  wait_for_previous_kernel();
  int firstToken = blockIdx.y * BATCH_TOKENS;
  auto load_row = [&](const bf16* x, int token, int column) {
    size_t from = static_cast<size_t>(firstToken + token) * columns + column + at;
    return firstToken + token < tokens ? *reinterpret_cast<const uint4*>(x + from) : make_uint4(0, 0, 0, 0);
  };
  float sum[M][N][4] = {};
  for (int column = warp * DEPTH; column < columns; column += BATCH_WARPS * DEPTH) {
    uint4 next[N];
    load(next, column + BATCH_WARPS * DEPTH);
#pragma unroll
    for (int m = 0; m < M; m++) {
      uint4 h0 = load_row(high, m * 16 + group, column);
      uint4 h1 = load_row(high, m * 16 + group + 8, column);
      uint4 l0 = make_uint4(0, 0, 0, 0);
      uint4 l1 = make_uint4(0, 0, 0, 0);
      if (low != nullptr) {
        l0 = load_row(low, m * 16 + group, column);
        l1 = load_row(low, m * 16 + group + 8, column);
      }
      unsigned firstHigh[4] = {h0.x, h1.x, h0.y, h1.y};
      unsigned firstLow[4] = {l0.x, l1.x, l0.y, l1.y};
      unsigned secondHigh[4] = {h0.z, h1.z, h0.w, h1.w};
      unsigned secondLow[4] = {l0.z, l1.z, l0.w, l1.w};
#pragma unroll
      for (int n = 0; n < N; n++) {
        unsigned first[2] = {w[n].x, w[n].y};
        unsigned second[2] = {w[n].z, w[n].w};
        multiply_add(sum[m][n], firstHigh, first);
        multiply_add(sum[m][n], firstLow, first);
        multiply_add(sum[m][n], secondHigh, second);
        multiply_add(sum[m][n], secondLow, second);
      }
    }
#pragma unroll
    for (int n = 0; n < N; n++) {
      w[n] = next[n];
    }
  }

#pragma unroll
  for (int m = 0; m < M; m++) {
#pragma unroll
    for (int n = 0; n < N; n++) {
#pragma unroll
      for (int i = 0; i < 2; i++) {
        float* to = &sums.of[warp][m * 16 + group + i * 8][n * 8 + lane % 4 * 2];
        *reinterpret_cast<float2*>(to) = {sum[m][n][2 * i], sum[m][n][2 * i + 1]};
      }
    }
  }
  __syncthreads();
  for (int i = threadIdx.x; i < BATCH_TOKENS * BN; i += BATCH_WARPS * WARP) {
    int t = i / BN;
    int r = i % BN;
    int row = firstRow + r;
    if (firstToken + t < tokens && row < rows) {
      float y = 0;
#pragma unroll
      for (int j = 0; j < BATCH_WARPS; j++) {
        y += sums.of[j][t][r];
      }
      y = layers.store(firstToken + t, row, y);
      if (residual != nullptr) {
        residual[static_cast<size_t>(firstToken + t) * layers.rows0 + row] += y;
      }
    }
  }
}

#define BATCH(name, BN)                                                                                                  \
  KERNEL __launch_bounds__(BATCH_WARPS* WARP)                                                                            \
      name(const bf16* weight0, const bf16* weight1, const bf16* weight2, const float* bias0, const float* bias1,        \
           const float* bias2, float* out0, float* out1, float* out2, int rows0, int rows1, int rows2, const bf16* high, \
           const bf16* low, float* residual, int columns, int tokens) {                                                  \
    batch<BN>({weight0, weight1, weight2, bias0, bias1, bias2, out0, out1, out2, rows0, rows1, rows2}, high, low,        \
              residual, columns, tokens);                                                                                \
  }

BATCH(batch_16, 16)
BATCH(batch_32, 32)
