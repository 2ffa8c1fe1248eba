// Linear layers for many tokens, on tensor cores: out = x W^T.
//
// Weights are bf16 as they are. Activations are f32, and tensor cores take bf16; so x comes as high + low (split_rows), and
// the product is made twice into the same sum: high W^T + low W^T. That costs twice the multiplications and is exact to
// 2^-17, where rounding x to bf16 would be exact to 2^-9. Without low it is rounded, for half the multiplications.
//
//   a block: BM tokens, BN rows of W              a stage in shared memory, 64 columns; some of them under way
//
//             BN rows of W                        high [BM][64]  low [BM][64]  W [BN][64]
//           +------+------+
//   BM      | warp | warp |                       16-byte chunk c of row r lies at c ^ (r % 8): the eight rows that
//   tokens  +------+------+                       ldmatrix reads at a time are in different banks
//           | warp | warp |
//           +------+------+
//
// A warp loads the next 16 columns into registers while the tensor cores work on the last ones.
#pragma once
#include "layers.cuh"

constexpr int GEMM_DEPTH = 64;
constexpr int GEMM_CHUNKS = GEMM_DEPTH / 8;  // of 16 bytes in a row of a stage

// Activations for tensor cores: each number as the sum of two.
KERNEL split_rows(const float* x, bf16* high, bf16* low, int count) {
  wait_for_previous_kernel();
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count) {
    store_split(x[i], high, low, i);
  }
}

// The same of the RMSNorm of x, which goes nowhere else. A block a token.
KERNEL split_norm(const float* x, const float* weight, float eps, int columns, bf16* high, bf16* low) {
  SHARED(float[WARP], sums);
  wait_for_previous_kernel();
  size_t row = static_cast<size_t>(blockIdx.x) * columns;
  float squares = 0;
  for (int i = threadIdx.x * 4; i < columns; i += blockDim.x * 4) {
    float4 v = *reinterpret_cast<const float4*>(x + row + i);
    squares += v.x * v.x + v.y * v.y + v.z * v.z + v.w * v.w;
  }
  float scale = 1.0f / sqrtf(block_sum(squares, sums) / columns + eps);
  for (int i = threadIdx.x * 4; i < columns; i += blockDim.x * 4) {
    float4 v = *reinterpret_cast<const float4*>(x + row + i);
    float4 w = *reinterpret_cast<const float4*>(weight + i);
    uint2 highs, lows;
    split_pair(w.x * (v.x * scale), w.y * (v.y * scale), highs.x, lows.x);
    split_pair(w.z * (v.z * scale), w.w * (v.w * scale), highs.y, lows.y);
    *reinterpret_cast<uint2*>(high + row + i) = highs;
    if (low != nullptr) {
      *reinterpret_cast<uint2*>(low + row + i) = lows;
    }
  }
}

DEVICE int swizzled(int row, int chunk) { return row * GEMM_DEPTH + (chunk ^ row % 8) * 8; }

// Copies a tile of ROWS rows; rows and columns that are not there become zeros.
template <int ROWS, int THREADS>
DEVICE void copy_tile(bf16* to, const bf16* from, int rows, int columns, int column) {
  constexpr int AT_ONCE = THREADS / GEMM_CHUNKS;
  int row = threadIdx.x / GEMM_CHUNKS;
  int chunk = threadIdx.x % GEMM_CHUNKS;
  column += chunk * 8;
  from += static_cast<size_t>(row) * columns + column;
  to += swizzled(row, chunk);
#pragma unroll
  for (int i = 0; i < ROWS; i += AT_ONCE) {
    copy_async16(to + i * GEMM_DEPTH, from + static_cast<size_t>(i) * columns, row + i < rows && column < columns);
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

// Which layer, and which of its rows: tiles do not reach over the end of a layer.
struct GemmTile {
  const bf16* weight;
  const float* bias;
  float* out;
  int rows, first;
};

DEVICE GemmTile gemm_tile(const Layers<bf16>& layers, int tile, int height) {
  int tiles = (layers.rows0 + height - 1) / height;
  if (tile < tiles) {
    return {layers.weight0, layers.bias0, layers.out0, layers.rows0, tile * height};
  }
  tile -= tiles;
  tiles = (layers.rows1 + height - 1) / height;
  if (tile < tiles) {
    return {layers.weight1, layers.bias1, layers.out1, layers.rows1, tile * height};
  }
  return {layers.weight2, layers.bias2, layers.out2, layers.rows2, (tile - tiles) * height};
}

// A warp's part of a product: M times 16 tokens, N times 8 rows of W, and 16 columns of both in registers.
template <int M, int N>
struct GemmPart {
  unsigned high[M][4], low[M][4], weights[N / 2][4];

  DEVICE_MEMBER void load(const bf16* highs, const bf16* lows, const bf16* rows, int token, int row, int column) {
#pragma unroll
    for (int n = 0; n < N / 2; n++) {
      load_second(weights[n], rows, row + n * 16, column);
    }
#pragma unroll
    for (int m = 0; m < M; m++) {
      load_first(high[m], highs, token + m * 16, column);
      if (lows != nullptr) {
        load_first(low[m], lows, token + m * 16, column);
      }
    }
  }

  DEVICE_MEMBER void multiply(float (&sum)[M][N][4], bool isExact) const {
#pragma unroll
    for (int m = 0; m < M; m++) {
#pragma unroll
      for (int n = 0; n < N; n++) {
        multiply_add(sum[m][n], high[m], weights[n / 2] + n % 2 * 2);
      }
      if (isExact) {
#pragma unroll
        for (int n = 0; n < N; n++) {
          multiply_add(sum[m][n], low[m], weights[n / 2] + n % 2 * 2);
        }
      }
    }
  }
};

// out = sum + bias, and residual += out where there is one, for a token and N times 8 rows of W, of which a lane has pairs.
// PAIRS: all rows are there, and pairs of them aligned.
template <bool PAIRS, int N>
DEVICE void store_token(const float (&sum)[N][4], int half, const GemmTile& tile, float* residual, int token, int row) {
  float2 old[N];
  size_t from = static_cast<size_t>(token) * tile.rows;
  row += static_cast<int>(threadIdx.x) % 4 * 2;
#pragma unroll
  for (int n = 0; n < N; n++) {
    int r = row + n * 8;
    old[n] = {0, 0};
    if (residual != nullptr && PAIRS) {
      old[n] = *reinterpret_cast<const float2*>(residual + from + r);
    } else if (residual != nullptr) {
      old[n] = {r < tile.rows ? residual[from + r] : 0.0f, r + 1 < tile.rows ? residual[from + r + 1] : 0.0f};
    }
  }
  auto store = [&](float* to, int r, float x, float y) {
    if (PAIRS) {
      *reinterpret_cast<float2*>(to + from + r) = {x, y};
      return;
    }
    if (r < tile.rows) {
      to[from + r] = x;
    }
    if (r + 1 < tile.rows) {
      to[from + r + 1] = y;
    }
  };
#pragma unroll
  for (int n = 0; n < N; n++) {
    int r = row + n * 8;
    float x = sum[n][half * 2];
    float y = sum[n][half * 2 + 1];
    if (tile.bias != nullptr) {
      x += PAIRS || r < tile.rows ? tile.bias[r] : 0.0f;
      y += PAIRS || r + 1 < tile.rows ? tile.bias[r + 1] : 0.0f;
    }
    store(tile.out, r, x, y);
    if (residual != nullptr) {
      store(residual, r, old[n].x + x, old[n].y + y);
    }
  }
}

template <int BM, int BN, int WARPS_M, int WARPS_N, int STAGES>
DEVICE void gemm(const Layers<bf16>& layers, const bf16* high, const bf16* low, float* residual, int columns, int tokens) {
  constexpr int THREADS = WARPS_M * WARPS_N * WARP;
  constexpr int M = BM / WARPS_M / 16;
  constexpr int N = BN / WARPS_N / 8;
  constexpr int INPUT = BM * GEMM_DEPTH;
  constexpr int STAGE = 2 * INPUT + BN * GEMM_DEPTH;
  constexpr int AHEAD = STAGES - 1;
  DYNAMIC_SHARED(bf16, stages);

  GemmTile tile = gemm_tile(layers, blockIdx.x, BN);
  const bf16* weights = tile.weight + static_cast<size_t>(tile.first) * columns;
  int firstToken = blockIdx.y * BM;
  bool isExact = low != nullptr;
  auto copy_weights = [&](int step, int place) {
    copy_tile<BN, THREADS>(stages + place * STAGE + 2 * INPUT, weights, tile.rows - tile.first, columns, step * GEMM_DEPTH);
  };
  auto copy_inputs = [&](int step, int place) {
    size_t from = static_cast<size_t>(firstToken) * columns;
    bf16* to = stages + place * STAGE;
    copy_tile<BM, THREADS>(to, high + from, tokens - firstToken, columns, step * GEMM_DEPTH);
    if (isExact) {
      copy_tile<BM, THREADS>(to + INPUT, low + from, tokens - firstToken, columns, step * GEMM_DEPTH);
    }
  };

  // The weights of all first stages are part of the first group, so that they can be on their way before the kernel before
  // this one has ended.
  int steps = (columns + GEMM_DEPTH - 1) / GEMM_DEPTH;
#pragma unroll
  for (int i = 0; i < AHEAD; i++) {
    if (i < steps) {
      copy_weights(i, i);
    }
  }
  wait_for_previous_kernel();
#pragma unroll
  for (int i = 0; i < AHEAD; i++) {
    if (i < steps) {
      copy_inputs(i, i);
    }
    commit_copies();
  }

  int warp = threadIdx.x / WARP;
  int token = warp / WARPS_N * M * 16;
  int row = warp % WARPS_N * N * 8;
  float sum[M][N][4] = {};
  GemmPart<M, N> parts[2];
  int place = 0;
  for (int step = 0; step < steps; step++) {
    wait_for_copies<AHEAD - 1>();
    __syncthreads();
    const bf16* highs = stages + place * STAGE;
    const bf16* lows = isExact ? highs + INPUT : nullptr;
    parts[0].load(highs, lows, highs + 2 * INPUT, token, row, 0);
    if (step + AHEAD < steps) {
      int next = place == 0 ? AHEAD : place - 1;
      copy_weights(step + AHEAD, next);
      copy_inputs(step + AHEAD, next);
    }
    commit_copies();
#pragma unroll
    for (int k = 0; k < GEMM_DEPTH / 16; k++) {
      if (k + 1 < GEMM_DEPTH / 16) {
        parts[(k + 1) % 2].load(highs, lows, highs + 2 * INPUT, token, row, (k + 1) * 16);
      }
      parts[k % 2].multiply(sum, isExact);
    }
    place = place == AHEAD ? 0 : place + 1;
  }

  row += tile.first;
  bool hasPairs = row + N * 8 <= tile.rows && tile.rows % 2 == 0;
#pragma unroll
  for (int m = 0; m < M; m++) {
#pragma unroll
    for (int half = 0; half < 2; half++) {
      int t = firstToken + token + m * 16 + half * 8 + static_cast<int>(threadIdx.x) % WARP / 4;
      if (t < tokens && hasPairs) {
        store_token<true>(sum[m], half, tile, residual, t, row);
      } else if (t < tokens) {
        store_token<false>(sum[m], half, tile, residual, t, row);
      }
    }
  }
}

#define GEMM(name, BM, BN, WARPS_M, WARPS_N, STAGES)                                                                     \
  KERNEL __launch_bounds__(WARPS_M* WARPS_N* WARP)                                                                       \
      name(const bf16* weight0, const bf16* weight1, const bf16* weight2, const float* bias0, const float* bias1,        \
           const float* bias2, float* out0, float* out1, float* out2, int rows0, int rows1, int rows2, const bf16* high, \
           const bf16* low, float* residual, int columns, int tokens) {                                                  \
    gemm<BM, BN, WARPS_M, WARPS_N, STAGES>(                                                                              \
        {weight0, weight1, weight2, bias0, bias1, bias2, out0, out1, out2, rows0, rows1, rows2}, high, low, residual,    \
        columns, tokens);                                                                                                \
  }

GEMM(gemm_64_128, 64, 128, 1, 4, 3)
GEMM(gemm_64_64, 64, 64, 2, 2, 4)
