// Linear layers for many tokens, on tensor cores: out = x W^T.
//
// Weights are bf16 as they are. Activations are f32, and tensor cores take bf16; so x comes as high + low (split_rows), and
// the product is made twice into the same sum: high W^T + low W^T. That costs twice the multiplications and is exact to
// 2^-17, where rounding x to bf16 would be exact to 2^-9. Without low it is rounded, for half the multiplications.
//
//   a block: BM tokens, BN rows of W              a stage in shared memory, DEPTH = 32 columns, three under way
//
//             BN rows of W                        high [BM][32]  low [BM][32]  W [BN][32]
//           +------+------+
//   BM      | warp | warp |                       16-byte chunk c of row r lies at c ^ (r / 2 % 4): the eight rows that
//   tokens  +------+------+                       ldmatrix reads at a time are in different banks
//           | warp | warp |
//           +------+------+
#pragma once
#include "linear.cuh"

constexpr int DEPTH = 32;
constexpr int STAGES = 3;
constexpr int CHUNKS = DEPTH / 8;  // of 16 bytes in a row of a stage

// Activations for tensor cores: each number as the sum of two.
KERNEL split_rows(const float* x, bf16* high, bf16* low, int count) {
  wait_for_previous_kernel();
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count) {
    store_split(x[i], high, low, i);
  }
}

DEVICE int swizzled(int row, int chunk) { return row * DEPTH + (chunk ^ (row / 2 % CHUNKS)) * 8; }

// Copies a tile of ROWS rows; those that are not there become zeros.
template <int ROWS, int THREADS>
DEVICE void copy_tile(bf16* to, const bf16* from, int rows, int columns, int column) {
#pragma unroll
  for (int i = 0; i < ROWS * CHUNKS / THREADS; i++) {
    int at = i * THREADS + threadIdx.x;
    int row = at / CHUNKS;
    int chunk = at % CHUNKS;
    bool there = row < rows;
    copy_async16(to + swizzled(row, chunk), from + (there ? static_cast<size_t>(row) * columns + column + chunk * 8 : 0),
                 there);
  }
}

// The 16x16 part of a tile whose upper left corner is given, as the first factor of multiply_add.
DEVICE void load_first(unsigned a[4], const bf16* tile, int row, int column) {
  int lane = threadIdx.x % WARP;
  load_matrices(a, tile + swizzled(row + lane % 16, column / 8 + lane / 16));
}

// 16 rows and 16 columns of a tile, transposed by its layout: b[0..1] is the second factor for the first 8 rows, b[2..3] for
// the second 8.
DEVICE void load_second(unsigned b[4], const bf16* tile, int row, int column) {
  int lane = threadIdx.x % WARP;
  load_matrices(b, tile + swizzled(row + lane % 8 + lane / 16 * 8, column / 8 + lane / 8 % 2));
}

template <int BM, int BN, int WARPS_M, int WARPS_N>
DEVICE void gemm(Layers<bf16> layers, const bf16* high, const bf16* low, float* residual, int columns, int tokens) {
  constexpr int THREADS = WARPS_M * WARPS_N * WARP;
  constexpr int WM = BM / WARPS_M;
  constexpr int WN = BN / WARPS_N;
  constexpr int STAGE = (2 * BM + BN) * DEPTH;
  DYNAMIC_SHARED(bf16, stages);

  // Which layer, and which of its rows: tiles do not reach over the end of a layer.
  int tile = blockIdx.x;
  int firstRow = 0;  // of all layers together
  int rows = layers.rows0;
  if (tile >= (rows + BN - 1) / BN) {
    tile -= (rows + BN - 1) / BN;
    firstRow += rows;
    rows = layers.rows1;
    if (tile >= (rows + BN - 1) / BN) {
      tile -= (rows + BN - 1) / BN;
      firstRow += rows;
      rows = layers.rows2;
    }
  }
  const bf16* weights = layers.row(firstRow, columns) + static_cast<size_t>(tile) * BN * columns;
  int rowsHere = min(BN, rows - tile * BN);
  int firstToken = blockIdx.y * BM;
  int tokensHere = min(BM, tokens - firstToken);
  const bf16* highHere = high + static_cast<size_t>(firstToken) * columns;
  bool isExact = low != nullptr;
  const bf16* lowHere = isExact ? low + static_cast<size_t>(firstToken) * columns : nullptr;

  auto copy_weights = [&](int step) {
    copy_tile<BN, THREADS>(stages + step % STAGES * STAGE + 2 * BM * DEPTH, weights, rowsHere, columns, step * DEPTH);
  };
  auto copy_inputs = [&](int step) {
    bf16* stage = stages + step % STAGES * STAGE;
    copy_tile<BM, THREADS>(stage, highHere, tokensHere, columns, step * DEPTH);
    if (isExact) {
      copy_tile<BM, THREADS>(stage + BM * DEPTH, lowHere, tokensHere, columns, step * DEPTH);
    }
  };

  // The weights of all first stages are part of the first group, so that they can be on their way before the kernel before
  // this one has ended.
  int steps = columns / DEPTH;
#pragma unroll
  for (int i = 0; i < STAGES - 1; i++) {
    if (i < steps) {
      copy_weights(i);
    }
  }
  wait_for_previous_kernel();
#pragma unroll
  for (int i = 0; i < STAGES - 1; i++) {
    if (i < steps) {
      copy_inputs(i);
    }
    commit_copies();
  }

  int warp = threadIdx.x / WARP;
  int warpRow = warp / WARPS_N * WM;
  int warpColumn = warp % WARPS_N * WN;
  float sum[WM / 16][WN / 8][4] = {};
  for (int step = 0; step < steps; step++) {
    wait_for_copies<STAGES - 2>();
    __syncthreads();
    if (step + STAGES - 1 < steps) {
      copy_weights(step + STAGES - 1);
      copy_inputs(step + STAGES - 1);
    }
    commit_copies();
    const bf16* stage = stages + step % STAGES * STAGE;
#pragma unroll
    for (int k = 0; k < DEPTH; k += 16) {
      unsigned w[WN / 16][4];
#pragma unroll
      for (int n = 0; n < WN / 16; n++) {
        load_second(w[n], stage + 2 * BM * DEPTH, warpColumn + n * 16, k);
      }
#pragma unroll
      for (int m = 0; m < WM / 16; m++) {
        unsigned a[4];
        load_first(a, stage, warpRow + m * 16, k);
#pragma unroll
        for (int n = 0; n < WN / 8; n++) {
          multiply_add(sum[m][n], a, w[n / 2] + n % 2 * 2);
        }
        if (isExact) {
          load_first(a, stage + BM * DEPTH, warpRow + m * 16, k);
#pragma unroll
          for (int n = 0; n < WN / 8; n++) {
            multiply_add(sum[m][n], a, w[n / 2] + n % 2 * 2);
          }
        }
      }
    }
  }

  int lane = threadIdx.x % WARP;
#pragma unroll
  for (int m = 0; m < WM / 16; m++) {
#pragma unroll
    for (int n = 0; n < WN / 8; n++) {
#pragma unroll
      for (int i = 0; i < 4; i++) {
        int t = warpRow + m * 16 + lane / 4 + i / 2 * 8;
        int r = warpColumn + n * 8 + lane % 4 * 2 + i % 2;
        if (t < tokensHere && r < rowsHere) {
          int row = firstRow + tile * BN + r;
          float y = layers.store(firstToken + t, row, sum[m][n][i]);
          if (residual != nullptr) {
            residual[static_cast<size_t>(firstToken + t) * layers.rows0 + row] += y;
          }
        }
      }
    }
  }
}

#define GEMM(name, BM, BN, WARPS_M, WARPS_N)                                                                             \
  KERNEL __launch_bounds__(WARPS_M* WARPS_N* WARP)                                                                       \
      name(const bf16* weight0, const bf16* weight1, const bf16* weight2, const float* bias0, const float* bias1,        \
           const float* bias2, float* out0, float* out1, float* out2, int rows0, int rows1, int rows2, const bf16* high, \
           const bf16* low, float* residual, int columns, int tokens) {                                                  \
    gemm<BM, BN, WARPS_M, WARPS_N>(                                                                                      \
        {weight0, weight1, weight2, bias0, bias1, bias2, out0, out1, out2, rows0, rows1, rows2}, high, low, residual,    \
        columns, tokens);                                                                                                \
  }

GEMM(gemm_128, 128, 128, 2, 4)
GEMM(gemm_64, 64, 64, 2, 2)
