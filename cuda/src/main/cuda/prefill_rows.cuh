// What both kernels of attention for prompts share (prefill_attention.cuh, hopper_attention.cuh): which rows and keys a block
// works on, the softmax of a tile of scores, and where the result goes.
//
// A block takes 128 rows of one key head, 16 a warp. A row is a token and one of the query heads that share the key head: so
// all of them use a tile of keys and values while it is in shared memory.
//
//                       keys of a tile
//   token 0, head 0  +-------------+          scores, their softmax and the sum stay in registers: a lane has of its warp's
//   token 0, head 1  |   warp 0    |          rows lane / 4 and lane / 4 + 8, of each 8 columns lane % 4 * 2 and the next
//   token 1, head 0  +-------------+
//   ...              |   warp 1    |          gridDim: key heads, blocks of rows, parts of the tiles. There are parts where
//                    +-------------+          the rows alone would not fill the device
#pragma once
#include "device.cuh"

constexpr int PREFILL_ROWS = 128;
constexpr int PREFILL_THREADS = PREFILL_ROWS / 16 * WARP;

// What a block works on.
struct PrefillBlock {
  int kvHead, together;       // together: query heads of a key head
  int row, rows;              // the first row, and all of the key head
  int position0;              // of the first token
  int seen;                   // positions that the last row sees, from 0
  int firstTile, tiles;       // of this part
  int parts;                  // that have tiles

  template <int KEYS>
  DEVICE_MEMBER static PrefillBlock find(const int* positions, int heads, int kvHeads, int tokens) {
    PrefillBlock b;
    b.kvHead = blockIdx.x;
    b.together = heads / kvHeads;
    b.rows = tokens * b.together;
    b.row = (gridDim.y - 1 - blockIdx.y) * PREFILL_ROWS;  // the longest first
    b.position0 = positions[0];
    b.seen = b.position0 + (min(b.row + PREFILL_ROWS, b.rows) - 1) / b.together + 1;
    int all = (b.seen + KEYS - 1) / KEYS;
    int parts = gridDim.z;
    int each = (all + parts - 1) / parts;
    b.parts = (all + each - 1) / each;
    b.firstTile = static_cast<int>(blockIdx.z) * each;
    b.tiles = min(each, all - b.firstTile);
    return b;
  }
};

// Of the four lanes that hold a row of scores.
DEVICE float row_max(float x) {
  x = fmaxf(x, __shfl_xor_sync(ALL_LANES, x, 1));
  return fmaxf(x, __shfl_xor_sync(ALL_LANES, x, 2));
}

DEVICE float row_sum(float x) {
  x += __shfl_xor_sync(ALL_LANES, x, 1);
  return x + __shfl_xor_sync(ALL_LANES, x, 2);
}

// The two rows of a lane: online softmax of base 2 (Milakov and Gimelshein, 2018).
struct PrefillSoftmax {
  float best[2];
  float total[2];
  float keep[2];   // what was summed so far is to be multiplied with
  int limit[2];    // the last position that a row sees
  int firstLimit;  // the same of the first row of the warp

  DEVICE_MEMBER void begin(const PrefillBlock& block) {
    int row = block.row + static_cast<int>(threadIdx.x) / WARP * 16;
    firstLimit = block.position0 + row / block.together;
#pragma unroll
    for (int i = 0; i < 2; i++) {
      best[i] = -INFINITY;
      total[i] = 0;
      limit[i] = block.position0 + (row + static_cast<int>(threadIdx.x) % WARP / 4 + i * 8) / block.together;
    }
  }

  // Scores of the keys from `first` on become weights, relative to the best so far. Keys after a row's own are not seen.
  template <int COUNT>
  DEVICE_MEMBER void weigh(float (&scores)[COUNT], int first) {
    if (first + 2 * COUNT - 1 > firstLimit) {
      int column = first + static_cast<int>(threadIdx.x) % 4 * 2;
#pragma unroll
      for (int i = 0; i < COUNT; i++) {
        if (column + i / 4 * 8 + i % 2 > limit[i % 4 / 2]) {
          scores[i] = -INFINITY;
        }
      }
    }
    float next[2] = {best[0], best[1]};
#pragma unroll
    for (int i = 0; i < COUNT; i++) {
      next[i % 4 / 2] = fmaxf(next[i % 4 / 2], scores[i]);
    }
    float from[2];
#pragma unroll
    for (int i = 0; i < 2; i++) {
      next[i] = row_max(next[i]);
      from[i] = next[i] == -INFINITY ? 0.0f : next[i];  // a row that sees no key of this part
      keep[i] = power_of_2(best[i] - from[i]);
      best[i] = next[i];
      total[i] *= keep[i];
    }
#pragma unroll
    for (int i = 0; i < COUNT; i++) {
      scores[i] = power_of_2(scores[i] - from[i % 4 / 2]);
      total[i % 4 / 2] += scores[i];
    }
  }

  template <int COUNT>
  DEVICE_MEMBER void scale(float (&sum)[COUNT]) const {
#pragma unroll
    for (int i = 0; i < COUNT; i++) {
      sum[i] *= keep[i % 4 / 2];
    }
  }
};

// What the parts of a block of rows leave for the one that ends last.
struct PrefillParts {
  float* sums;  // [block of rows][part][128 D, best [128], total [128]]
  int* ended;   // [block of rows], zeros between launches
};

// Where the result goes. high null: to `out`. Else to where the linear layer after attention takes it from, and nowhere else;
// low null: rounded.
struct PrefillResult {
  float* out;
  bf16* high;
  bf16* low;

  template <int COUNT>
  DEVICE_MEMBER void store(const float (&sum)[COUNT], const PrefillSoftmax& softmax, const PrefillBlock& block, int heads) const {
    int lane = threadIdx.x % WARP;
#pragma unroll
    for (int i = 0; i < 2; i++) {
      int row = block.row + static_cast<int>(threadIdx.x) / WARP * 16 + lane / 4 + i * 8;
      if (row >= block.rows) {
        continue;
      }
      int head = block.kvHead * block.together + row % block.together;
      size_t at = (static_cast<size_t>(row / block.together) * heads + head) * (2 * COUNT) + lane % 4 * 2;
#pragma unroll
      for (int d = 0; d < COUNT / 4; d++) {
        float2 pair = {sum[d * 4 + i * 2] / softmax.total[i], sum[d * 4 + i * 2 + 1] / softmax.total[i]};
        if (high == nullptr) {
          *reinterpret_cast<float2*>(out + at + d * 8) = pair;
          continue;
        }
        unsigned h, l;
        split_pair(pair.x, pair.y, h, l);
        *reinterpret_cast<unsigned*>(high + at + d * 8) = h;
        if (low != nullptr) {
          *reinterpret_cast<unsigned*>(low + at + d * 8) = l;
        }
      }
    }
  }
};

// Leaves what this part has summed; true for the part that ends last, which gets the sum of all, in their order.
template <int D>
DEVICE bool join_parts(float (&sum)[D / 2], PrefillSoftmax& softmax, const PrefillBlock& block, PrefillParts parts, int* note) {
  constexpr int PART = PREFILL_ROWS * (D + 2);
  int lane = threadIdx.x % WARP;
  int row = static_cast<int>(threadIdx.x) / WARP * 16 + lane / 4;
  int counter = blockIdx.y * gridDim.x + blockIdx.x;
  float* all = parts.sums + static_cast<size_t>(counter) * gridDim.z * PART;
  float* mine = all + static_cast<size_t>(blockIdx.z) * PART;
#pragma unroll
  for (int i = 0; i < D / 8; i++) {
    float4 four = {sum[4 * i], sum[4 * i + 1], sum[4 * i + 2], sum[4 * i + 3]};
    reinterpret_cast<float4*>(mine)[i * PREFILL_THREADS + threadIdx.x] = four;
  }
  if (lane % 4 == 0) {
#pragma unroll
    for (int i = 0; i < 2; i++) {
      mine[PREFILL_ROWS * D + row + i * 8] = softmax.best[i];
      mine[PREFILL_ROWS * (D + 1) + row + i * 8] = softmax.total[i];
    }
  }
  __threadfence();
  barrier_of_first<PREFILL_THREADS>();
  if (threadIdx.x == 0) {
    *note = atomicAdd(parts.ended + counter, 1);
    if (*note == block.parts - 1) {
      parts.ended[counter] = 0;
    }
  }
  barrier_of_first<PREFILL_THREADS>();
  if (*note != block.parts - 1) {
    return false;
  }
  __threadfence();
  for (int part = 0; part < block.parts; part++) {
#pragma unroll
    for (int i = 0; i < 2; i++) {
      softmax.best[i] = fmaxf(softmax.best[i], all[static_cast<size_t>(part) * PART + PREFILL_ROWS * D + row + i * 8]);
    }
  }
  softmax.total[0] = softmax.total[1] = 0;
#pragma unroll
  for (int i = 0; i < D / 2; i++) {
    sum[i] = 0;
  }
  for (int part = 0; part < block.parts; part++, all += PART) {
    float weight[2];
#pragma unroll
    for (int i = 0; i < 2; i++) {
      weight[i] = power_of_2(all[PREFILL_ROWS * D + row + i * 8] - softmax.best[i]);
      softmax.total[i] += weight[i] * all[PREFILL_ROWS * (D + 1) + row + i * 8];
    }
#pragma unroll
    for (int i = 0; i < D / 8; i++) {
      float4 four = reinterpret_cast<const float4*>(all)[i * PREFILL_THREADS + threadIdx.x];
      sum[4 * i] += weight[0] * four.x, sum[4 * i + 1] += weight[0] * four.y;
      sum[4 * i + 2] += weight[1] * four.z, sum[4 * i + 3] += weight[1] * four.w;
    }
  }
  return true;
}

// The end of a block, for its first PREFILL_THREADS threads.
template <int D>
DEVICE void finish_rows(float (&sum)[D / 2], PrefillSoftmax& softmax, const PrefillBlock& block, PrefillParts parts, int* note,
                        PrefillResult result, int heads) {
#pragma unroll
  for (int i = 0; i < 2; i++) {
    softmax.total[i] = row_sum(softmax.total[i]);
  }
  if (block.parts == 1 || join_parts<D>(sum, softmax, block, parts, note)) {
    result.store(sum, softmax, block, heads);
  }
}
