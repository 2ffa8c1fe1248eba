// The class with the greatest score, so that its id comes back and not the scores of all, or does not even come back before
// the next step.
//
//   chosen [row][columns]      column p % columns holds the token at position p of the sequence of a row, as a float (ids are
//                              exact up to 2^24); negative where a score was not a number
#pragma once
#include "rows.cuh"

constexpr int CHOOSE_WARPS = 8;

// Whether the first is better: the greater score, the lower class among equals. NaN is better than anything, so that it shows.
DEVICE bool is_better(float score, int id, float thanScore, int thanId) {
  if (score != score || thanScore != thanScore) {
    return score != score && (thanScore == thanScore || id < thanId);
  }
  return score > thanScore || (score == thanScore && id < thanId);
}

// The best of a warp, in every lane.
DEVICE void warp_best(float& score, int& id) {
  for (int offset = WARP / 2; offset > 0; offset /= 2) {
    float otherScore = __shfl_xor_sync(ALL_LANES, score, offset);
    int otherId = __shfl_xor_sync(ALL_LANES, id, offset);
    if (is_better(otherScore, otherId, score, id)) {
      score = otherScore;
      id = otherId;
    }
  }
}

// The best of a block, in thread 0.
DEVICE void block_best(float& score, int& id, float* scores, int* ids) {
  warp_best(score, id);
  if (threadIdx.x % WARP == 0) {
    scores[threadIdx.x / WARP] = score;
    ids[threadIdx.x / WARP] = id;
  }
  __syncthreads();
  if (threadIdx.x == 0) {
    for (int warp = 1; warp < CHOOSE_WARPS; warp++) {
      if (is_better(scores[warp], ids[warp], score, id)) {
        score = scores[warp];
        id = ids[warp];
      }
    }
  }
}

// blockIdx.y: a row of scores. Its blocks take turns at the classes, and the last one to end compares what they found; which
// block that is does not matter. rows[y]: the row of the pass that it was made of.
KERNEL __launch_bounds__(CHOOSE_WARPS* WARP)
    choose(const float* scores, const int* rows, const int* positions, float* parts, int* ended, float* chosen, int classes,
           int columns) {
  SHARED(float[CHOOSE_WARPS], bestScores);
  SHARED(int[CHOOSE_WARPS], bestIds);
  SHARED(int, isLast);
  wait_for_previous_kernel();
  int row = blockIdx.y;
  int blocks = gridDim.x;
  const float* mine = scores + static_cast<size_t>(row) * classes;
  float best = -INFINITY;
  int id = 0x7fffffff;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < classes; i += blocks * blockDim.x) {
    float score = mine[i];
    if (is_better(score, i, best, id)) {
      best = score;
      id = i;
    }
  }
  block_best(best, id, bestScores, bestIds);
  float* part = parts + (static_cast<size_t>(row) * blocks + blockIdx.x) * 2;
  if (threadIdx.x == 0) {
    part[0] = best;
    part[1] = __int_as_float(id);
    __threadfence();
    isLast = atomicAdd(ended + row, 1) == blocks - 1;
  }
  __syncthreads();
  if (!isLast) {
    return;
  }
  __threadfence();
  const volatile float* all = parts + static_cast<size_t>(row) * blocks * 2;
  best = -INFINITY;
  id = 0x7fffffff;
  for (int i = threadIdx.x; i < blocks; i += blockDim.x) {
    float score = all[2 * i];
    int other = __float_as_int(all[2 * i + 1]);
    if (is_better(score, other, best, id)) {
      best = score;
      id = other;
    }
  }
  block_best(best, id, bestScores, bestIds);
  if (threadIdx.x == 0) {
    int of = rows[row];
    int position = positions[of] + 1;
    chosen[static_cast<size_t>(of) * columns + position % columns] = best == best ? static_cast<float>(id) : -1.0f;
    ended[row] = 0;  // for the next pass
  }
}

// x[t] = table[the token chosen for the position of row t]. A block a token.
template <class W>
DEVICE void embed_chosen(const W* table, const float* chosen, const int* positions, float* x, int columns, int chosenColumns) {
  wait_for_previous_kernel();
  float id = chosen[static_cast<size_t>(blockIdx.x) * chosenColumns + positions[blockIdx.x] % chosenColumns];
  const W* from = table + (id < 0 ? 0 : static_cast<int>(id)) * row_length<W>(columns);
  for (int i = threadIdx.x; i < columns; i += blockDim.x) {
    x[static_cast<size_t>(blockIdx.x) * columns + i] = number(from, columns, i);
  }
}

KERNEL embed_chosen_bf16(const bf16* table, const float* chosen, const int* positions, float* x, int columns,
                         int chosenColumns) {
  embed_chosen(table, chosen, positions, x, columns, chosenColumns);
}
KERNEL embed_chosen_f32(const float* table, const float* chosen, const int* positions, float* x, int columns,
                        int chosenColumns) {
  embed_chosen(table, chosen, positions, x, columns, chosenColumns);
}
KERNEL embed_chosen_q8(const q8* table, const float* chosen, const int* positions, float* x, int columns,
                       int chosenColumns) {
  embed_chosen(table, chosen, positions, x, columns, chosenColumns);
}
