// Causal attention of many rows of one sequence, on tensor cores (FlashAttention-2: Dao, 2023).
//
// A block takes 128 rows of one key head, 16 a warp. A row is a token and one of the query heads that share the key head:
// so all of them use a tile of keys and values while it is in shared memory. Numbers come as prepare_attention.cuh leaves
// them; of a product of two sums high + low, low times low is left out.
//
//                       KEYS keys             in shared memory: STAGES tiles of keys and of values, that come by cp.async
//   token 0, head 0  +-------------+          while others are used, and the low halves of the queries, for which registers
//   token 0, head 1  |   warp 0    |          do not suffice; 16-byte chunk c of row r lies at c ^ (r % 8)
//   token 1, head 0  +-------------+
//   ...              |   warp 1    |          scores, their softmax and the sum stay in registers: lane i has of its warp's
//                    +-------------+          rows i / 4 and i / 4 + 8
#pragma once
#include "prepare_attention.cuh"

constexpr int PREFILL_WARPS = 8;
constexpr int PREFILL_ROWS = PREFILL_WARPS * 16;
constexpr int PREFILL_THREADS = PREFILL_WARPS * WARP;

template <int WIDTH>
DEVICE int swizzled_row(int row, int chunk) {
  return row * WIDTH + (chunk ^ (row % 8)) * 8;
}

// Copies ROWS rows of WIDTH numbers that lie `stride` apart. Of those that are not there nobody wrote the values, and nothing
// times NaN is NaN: they become zeros.
template <int WIDTH, int ROWS>
DEVICE void copy_tile_of_rows(bf16* to, const bf16* from, int stride, int rows) {
  constexpr int CHUNKS_A_ROW = WIDTH / 8;
#pragma unroll
  for (int i = 0; i < ROWS * CHUNKS_A_ROW / PREFILL_THREADS; i++) {
    int at = i * PREFILL_THREADS + threadIdx.x;
    int row = at / CHUNKS_A_ROW;
    int chunk = at % CHUNKS_A_ROW;
    bool there = row < rows;
    copy_async16(to + swizzled_row<WIDTH>(row, chunk), from + (there ? static_cast<size_t>(row) * stride + chunk * 8 : 0),
                 there);
  }
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

// Four neighbouring tiles of 8 columns, one product after the other: none waits for the sum of the one before.
DEVICE void multiply_add_four(float (*d)[4], const unsigned a[4], const unsigned (&b)[2][4]) {
#pragma unroll
  for (int i = 0; i < 4; i++) {
    multiply_add(d[i], a, b[i / 2] + i % 2 * 2);
  }
}

// The same of sums high + low, or of high alone.
template <bool EXACT>
DEVICE void multiply_add_sums(float (*d)[4], const unsigned ah[4], const unsigned al[4], const unsigned (&bh)[2][4],
                              const unsigned (&bl)[2][4]) {
  if (EXACT) {
    multiply_add_four(d, al, bh);
    multiply_add_four(d, ah, bl);
  }
  multiply_add_four(d, ah, bh);
}

template <int D, int KEYS, bool EXACT>
struct PrefillRows {
  static constexpr int WIDTH = EXACT ? 2 * D : D;
  unsigned query[D / 16][4];  // high halves, as first factors
  const bf16* queryLow;       // of the warp, in shared memory
  float scores[KEYS / 8][4];
  float sum[D / 8][4];
  float best[2];
  float total[2];
  int limit[2];    // the last position that a row sees
  int firstLimit;  // the same of the first row of the warp

  DEVICE_MEMBER void begin(const bf16* queries, int row, int rows, const bf16* low) {
    int lane = threadIdx.x % WARP;
    queryLow = low;
#pragma unroll
    for (int k = 0; k < D / 16; k++) {
#pragma unroll
      for (int i = 0; i < 4; i++) {
        int at = row + lane / 4 + i % 2 * 8;
        const bf16* from = queries + static_cast<size_t>(at) * WIDTH + k * 16 + lane % 4 * 2 + i / 2 * 8;
        query[k][i] = at < rows ? *reinterpret_cast<const unsigned*>(from) : 0;
      }
    }
#pragma unroll
    for (int d = 0; d < D / 8; d++) {
#pragma unroll
      for (int i = 0; i < 4; i++) {
        sum[d][i] = 0;
      }
    }
    best[0] = best[1] = -INFINITY;
    total[0] = total[1] = 0;
  }

  DEVICE_MEMBER void score(const bf16* keys) {
    int lane = threadIdx.x % WARP;
#pragma unroll
    for (int n = 0; n < KEYS / 8; n++) {
#pragma unroll
      for (int i = 0; i < 4; i++) {
        scores[n][i] = 0;
      }
    }
#pragma unroll
    for (int k = 0; k < D / 16; k++) {
      unsigned low[4] = {};
      if (EXACT) {
        load_matrices(low, queryLow + swizzled_row<D>(lane % 16, k * 2 + lane / 16));
      }
#pragma unroll
      for (int n = 0; n < KEYS / 32; n++) {
        unsigned h[2][4], l[2][4] = {};
#pragma unroll
        for (int i = 0; i < 2; i++) {
          int row = n * 32 + i * 16 + lane % 8 + lane / 16 * 8;
          load_matrices(h[i], keys + swizzled_row<WIDTH>(row, k * 2 + lane / 8 % 2));
          if (EXACT) {
            load_matrices(l[i], keys + swizzled_row<WIDTH>(row, D / 8 + k * 2 + lane / 8 % 2));
          }
        }
        multiply_add_sums<EXACT>(scores + n * 4, query[k], low, h, l);
      }
    }
  }

  // Keys after a row's own are not seen, nor is what comes after the last.
  DEVICE_MEMBER void mask(int first) {
    if (first + KEYS - 1 <= firstLimit) {
      return;
    }
    int lane = threadIdx.x % WARP;
#pragma unroll
    for (int n = 0; n < KEYS / 8; n++) {
#pragma unroll
      for (int i = 0; i < 4; i++) {
        if (first + n * 8 + lane % 4 * 2 + i % 2 > limit[i / 2]) {
          scores[n][i] = -INFINITY;
        }
      }
    }
  }

  // Scores become weights, relative to the best so far; what was summed before is made to fit.
  DEVICE_MEMBER void weigh() {
    float next[2] = {best[0], best[1]};
#pragma unroll
    for (int n = 0; n < KEYS / 8; n++) {
#pragma unroll
      for (int i = 0; i < 4; i++) {
        next[i / 2] = fmaxf(next[i / 2], scores[n][i]);
      }
    }
    float keep[2];
#pragma unroll
    for (int i = 0; i < 2; i++) {
      next[i] = row_max(next[i]);  // not infinite: every row has seen key 0 by then
      keep[i] = power_of_2(best[i] - next[i]);
      best[i] = next[i];
      total[i] *= keep[i];
    }
#pragma unroll
    for (int n = 0; n < KEYS / 8; n++) {
#pragma unroll
      for (int i = 0; i < 4; i++) {
        scores[n][i] = power_of_2(scores[n][i] - best[i / 2]);
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
  }

  // The layout of scores is that of a first factor, two tiles of 8 making one of 16.
  DEVICE_MEMBER void add_values(const bf16* values) {
    int lane = threadIdx.x % WARP;
#pragma unroll
    for (int k = 0; k < KEYS / 16; k++) {
      unsigned high[4], low[4];
#pragma unroll
      for (int i = 0; i < 4; i++) {
        const float* pair = scores[2 * k + i / 2] + i % 2 * 2;
        split_pair(pair[0], pair[1], high[i], low[i]);
      }
#pragma unroll
      for (int d = 0; d < D / 32; d++) {
        unsigned h[2][4], l[2][4] = {};
#pragma unroll
        for (int i = 0; i < 2; i++) {
          int chunk = d * 4 + i * 2 + lane / 16;
          load_matrices_transposed(h[i], values + swizzled_row<WIDTH>(k * 16 + lane % 16, chunk));
          if (EXACT) {
            load_matrices_transposed(l[i], values + swizzled_row<WIDTH>(k * 16 + lane % 16, D / 8 + chunk));
          }
        }
        multiply_add_sums<EXACT>(sum + d * 4, high, low, h, l);
      }
    }
  }
};

template <int D, int KEYS, int STAGES, bool EXACT>
DEVICE void prefill_attention(const bf16* queries, const bf16* keys, const bf16* values, const int* positions, float* out,
                              bf16* high, bf16* low, int heads, int kvHeads, int tokens) {
  constexpr int WIDTH = EXACT ? 2 * D : D;
  constexpr int TILE = KEYS * WIDTH;
  DYNAMIC_SHARED(bf16, shared);
  bf16* keyTiles = shared;
  bf16* valueTiles = keyTiles + STAGES * TILE;
  bf16* queryLow = valueTiles + STAGES * TILE;
  wait_for_previous_kernel();
  int lane = threadIdx.x % WARP;
  int warp = threadIdx.x / WARP;
  int kvHead = blockIdx.x;
  int together = heads / kvHeads;
  int rows = tokens * together;
  int blockRow = (gridDim.y - 1 - blockIdx.y) * PREFILL_ROWS;  // the longest first
  int warpRow = blockRow + warp * 16;
  int position0 = positions[0];
  int seen = position0 + (min(blockRow + PREFILL_ROWS, rows) - 1) / together + 1;
  int tiles = (seen + KEYS - 1) / KEYS;
  const bf16* myQueries = queries + static_cast<size_t>(kvHead) * rows * WIDTH;

  auto copy = [&](int tile) {
    if (tile < tiles) {
      int stride = kvHeads * WIDTH;
      size_t from = static_cast<size_t>(tile) * KEYS * stride + kvHead * WIDTH;
      copy_tile_of_rows<WIDTH, KEYS>(keyTiles + tile % STAGES * TILE, keys + from, stride, seen - tile * KEYS);
      copy_tile_of_rows<WIDTH, KEYS>(valueTiles + tile % STAGES * TILE, values + from, stride, seen - tile * KEYS);
    }
  };
  if (EXACT) {
    copy_tile_of_rows<D, PREFILL_ROWS>(queryLow, myQueries + static_cast<size_t>(blockRow) * WIDTH + D, WIDTH, rows - blockRow);
  }
#pragma unroll
  for (int i = 0; i < STAGES - 1; i++) {
    copy(i);
    commit_copies();
  }
  PrefillRows<D, KEYS, EXACT> mine;
  mine.begin(myQueries, warpRow, rows, queryLow + warp * 16 * D);
  mine.firstLimit = position0 + warpRow / together;
#pragma unroll
  for (int i = 0; i < 2; i++) {
    mine.limit[i] = position0 + (warpRow + lane / 4 + i * 8) / together;
  }

  for (int tile = 0; tile < tiles; tile++) {
    wait_for_copies<STAGES - 2>();
    __syncthreads();
    copy(tile + STAGES - 1);
    commit_copies();
    mine.score(keyTiles + tile % STAGES * TILE);
    mine.mask(tile * KEYS);
    mine.weigh();
    mine.add_values(valueTiles + tile % STAGES * TILE);
  }

#pragma unroll
  for (int i = 0; i < 2; i++) {
    float all = row_sum(mine.total[i]);
    int row = warpRow + lane / 4 + i * 8;
    if (row >= rows) {
      continue;
    }
    size_t at = (static_cast<size_t>(row / together) * heads + kvHead * together + row % together) * D + lane % 4 * 2;
#pragma unroll
    for (int d = 0; d < D / 8; d++) {
      float2 pair = {mine.sum[d][i * 2] / all, mine.sum[d][i * 2 + 1] / all};
      if (high == nullptr) {
        *reinterpret_cast<float2*>(out + at + d * 8) = pair;
        continue;
      }
      unsigned h, l;
      split_pair(pair.x, pair.y, h, l);
      *reinterpret_cast<unsigned*>(high + at + d * 8) = h;
      if (EXACT) {
        *reinterpret_cast<unsigned*>(low + at + d * 8) = l;
      }
    }
  }
}

// high null: the result goes to `out`. Else to where the linear layer after attention takes it from, and nowhere else.
#define PREFILL_ATTENTION(name, D, KEYS, STAGES, EXACT)                                                                  \
  KERNEL __launch_bounds__(PREFILL_THREADS)                                                                              \
      name(const bf16* queries, const bf16* keys, const bf16* values, const int* positions, float* out, bf16* high,      \
           bf16* low, int heads, int kvHeads, int tokens) {                                                              \
    prefill_attention<D, KEYS, STAGES, EXACT>(queries, keys, values, positions, out, high, low, heads, kvHeads, tokens); \
  }

PREFILL_ATTENTION(prefill_attention_64, 64, 32, 2, true)
PREFILL_ATTENTION(prefill_attention_128, 128, 32, 2, true)
PREFILL_ATTENTION(prefill_attention_rounded_64, 64, 64, 3, false)
PREFILL_ATTENTION(prefill_attention_rounded_128, 128, 64, 3, false)
