// Causal attention of many rows of one sequence, on tensor cores (FlashAttention-2: Dao, 2023). What a block works on is told
// in prefill_rows.cuh, the form of its numbers in prepare_attention.cuh. Of a product of two sums high + low, low times low is
// left out.
//
//   in shared memory: STAGES tiles of keys and of values, that come by cp.async while others are used, and the low halves of
//   the queries, for which registers do not suffice; 16-byte chunk c of row r lies at c ^ (r % 8)
#pragma once
#include "prefill_rows.cuh"

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

// Four neighbouring tiles of 8 columns, one product after the other: none waits for the sum of the one before.
DEVICE void multiply_add_four(float* d, const unsigned a[4], const unsigned (&b)[2][4]) {
#pragma unroll
  for (int i = 0; i < 4; i++) {
    multiply_add(d + i * 4, a, b[i / 2] + i % 2 * 2);
  }
}

// The same of sums high + low, or of high alone.
template <bool EXACT>
DEVICE void multiply_add_sums(float* d, const unsigned ah[4], const unsigned al[4], const unsigned (&bh)[2][4],
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
  float scores[KEYS / 2];
  float sum[D / 2];

  DEVICE_MEMBER void begin(const bf16* queries, const PrefillBlock& block, const bf16* low) {
    int lane = threadIdx.x % WARP;
    int row = block.row + static_cast<int>(threadIdx.x) / WARP * 16 + lane / 4;
    queryLow = low;
#pragma unroll
    for (int k = 0; k < D / 16; k++) {
#pragma unroll
      for (int i = 0; i < 4; i++) {
        int at = row + i % 2 * 8;
        const bf16* from = queries + static_cast<size_t>(at) * WIDTH + k * 16 + lane % 4 * 2 + i / 2 * 8;
        query[k][i] = at < block.rows ? *reinterpret_cast<const unsigned*>(from) : 0;
      }
    }
#pragma unroll
    for (int i = 0; i < D / 2; i++) {
      sum[i] = 0;
    }
  }

  DEVICE_MEMBER void score(const bf16* keys) {
    int lane = threadIdx.x % WARP;
#pragma unroll
    for (int i = 0; i < KEYS / 2; i++) {
      scores[i] = 0;
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
        multiply_add_sums<EXACT>(scores + n * 16, query[k], low, h, l);
      }
    }
  }

  // The layout of scores is that of a first factor, two tiles of 8 columns making one of 16.
  DEVICE_MEMBER void add_values(const bf16* values) {
    int lane = threadIdx.x % WARP;
#pragma unroll
    for (int k = 0; k < KEYS / 16; k++) {
      unsigned high[4], low[4];
#pragma unroll
      for (int i = 0; i < 4; i++) {
        split_pair(scores[k * 8 + i * 2], scores[k * 8 + i * 2 + 1], high[i], low[i]);
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
        multiply_add_sums<EXACT>(sum + d * 16, high, low, h, l);
      }
    }
  }
};

template <int D, int KEYS, int STAGES, bool EXACT>
DEVICE void prefill_attention(const bf16* queries, const bf16* keys, const bf16* values, const int* positions, PrefillParts parts,
                              PrefillResult result, int heads, int kvHeads, int tokens) {
  constexpr int WIDTH = EXACT ? 2 * D : D;
  constexpr int TILE = KEYS * WIDTH;
  SHARED(int, note);
  DYNAMIC_SHARED(bf16, shared);
  bf16* keyTiles = shared;
  bf16* valueTiles = keyTiles + STAGES * TILE;
  bf16* queryLow = valueTiles + STAGES * TILE;
  wait_for_previous_kernel();
  PrefillBlock block = PrefillBlock::find<KEYS>(positions, heads, kvHeads, tokens);
  if (block.tiles <= 0) {
    return;
  }

  auto copy = [&](int tile) {
    if (tile < block.tiles) {
      int stride = kvHeads * WIDTH;
      int first = (block.firstTile + tile) * KEYS;
      size_t from = static_cast<size_t>(first) * stride + block.kvHead * WIDTH;
      copy_tile_of_rows<WIDTH, KEYS>(keyTiles + tile % STAGES * TILE, keys + from, stride, block.seen - first);
      copy_tile_of_rows<WIDTH, KEYS>(valueTiles + tile % STAGES * TILE, values + from, stride, block.seen - first);
    }
  };
  const bf16* mine = queries + static_cast<size_t>(block.kvHead) * block.rows * WIDTH;
  if (EXACT) {
    copy_tile_of_rows<D, PREFILL_ROWS>(queryLow, mine + static_cast<size_t>(block.row) * WIDTH + D, WIDTH,
                                       block.rows - block.row);
  }
#pragma unroll
  for (int i = 0; i < STAGES - 1; i++) {
    copy(i);
    commit_copies();
  }
  PrefillRows<D, KEYS, EXACT> rows;
  rows.begin(mine, block, queryLow + threadIdx.x / WARP * 16 * D);
  PrefillSoftmax softmax;
  softmax.begin(block);

  for (int tile = 0; tile < block.tiles; tile++) {
    wait_for_copies<STAGES - 2>();
    __syncthreads();
    copy(tile + STAGES - 1);
    commit_copies();
    rows.score(keyTiles + tile % STAGES * TILE);
    softmax.weigh(rows.scores, (block.firstTile + tile) * KEYS);
    softmax.scale(rows.sum);
    rows.add_values(valueTiles + tile % STAGES * TILE);
  }
  finish_rows<D>(rows.sum, softmax, block, parts, &note, result, heads);
}

#define PREFILL_ATTENTION(name, D, KEYS, STAGES, EXACT)                                                                   \
  KERNEL __launch_bounds__(PREFILL_THREADS)                                                                               \
      name(const bf16* queries, const bf16* keys, const bf16* values, const int* positions, float* parts, int* ended,     \
           float* out, bf16* high, bf16* low, int heads, int kvHeads, int tokens) {                                       \
    prefill_attention<D, KEYS, STAGES, EXACT>(queries, keys, values, positions, {parts, ended}, {out, high, low}, heads, \
                                              kvHeads, tokens);                                                           \
  }

PREFILL_ATTENTION(prefill_attention_64, 64, 32, 2, true)
PREFILL_ATTENTION(prefill_attention_128, 128, 32, 2, true)
PREFILL_ATTENTION(prefill_attention_rounded_64, 64, 64, 3, false)
PREFILL_ATTENTION(prefill_attention_rounded_128, 128, 64, 3, false)
