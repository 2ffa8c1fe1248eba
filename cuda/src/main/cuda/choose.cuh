// The class with the greatest score, so that its id comes back and not the scores of all, or does not even come back before
// the next step.
//
//   chosen [row]    classes [n] | their scores [n] | totals [n]          n = columns / 3
//
//   place p % n of each is that of position p of the sequence of a row. The class is a float (ids are exact up to 2^24),
//   negative where a score was not a number; the total is the sum over the classes of exp(score - greatest score), which
//   makes a probability of a score.
#pragma once
#include "rows.cuh"

constexpr int CHOOSE_WARPS = 8;

// What is known of some classes: the best one, and the total as above. None are {-INFINITY, 0x7fffffff, 0}.
struct Best {
  float score;
  int id;
  float total;
};

// Whether the first is better: the greater score, the lower class among equals. NaN is better than anything, so that it shows.
DEVICE bool is_better(Best a, Best b) {
  if (a.score != a.score || b.score != b.score) {
    return a.score != a.score && (b.score == b.score || a.id < b.id);
  }
  return a.score > b.score || (a.score == b.score && a.id < b.id);
}

// Of equal ones, infinite ones too, each weighs 1. By selects, so that nothing has an address and leaves the registers.
DEVICE Best both(Best a, Best b) {
  bool first = is_better(a, b);
  float weight = a.score == b.score ? 1.0f : expf(first ? b.score - a.score : a.score - b.score);
  return {first ? a.score : b.score, first ? a.id : b.id, first ? a.total + b.total * weight : b.total + a.total * weight};
}

// The best of a warp, in every lane.
DEVICE Best warp_best(Best best) {
  for (int offset = WARP / 2; offset > 0; offset /= 2) {
    Best other = {__shfl_xor_sync(ALL_LANES, best.score, offset), __shfl_xor_sync(ALL_LANES, best.id, offset),
                  __shfl_xor_sync(ALL_LANES, best.total, offset)};
    best = both(best, other);
  }
  return best;
}

// The best of a block, in thread 0.
DEVICE Best block_best(Best best, Best* ofWarps) {
  best = warp_best(best);
  if (threadIdx.x % WARP == 0) {
    ofWarps[threadIdx.x / WARP] = best;
  }
  __syncthreads();
  if (threadIdx.x == 0) {
    for (int warp = 1; warp < CHOOSE_WARPS; warp++) {
      best = both(best, ofWarps[warp]);
    }
  }
  return best;
}

// blockIdx.y: a row of scores, of which the first `classes` count. Its blocks take turns at them, and the last one to end
// compares what they found; which block that is does not matter. rows[y]: the row of the pass that it was made of.
KERNEL __launch_bounds__(CHOOSE_WARPS* WARP)
    choose(const float* scores, const int* rows, const int* positions, float* parts, int* ended, float* chosen, int classes,
           int stride, int columns) {
  SHARED(Best[CHOOSE_WARPS], ofWarps);
  SHARED(int, isLast);
  wait_for_previous_kernel();
  int row = blockIdx.y;
  int blocks = gridDim.x;
  const float* mine = scores + static_cast<size_t>(row) * stride;
  Best best = {-INFINITY, 0x7fffffff, 0};
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < classes; i += blocks * blockDim.x) {
    best = both(best, {mine[i], i, 1});
  }
  best = block_best(best, ofWarps);
  float* part = parts + (static_cast<size_t>(row) * blocks + blockIdx.x) * 3;
  if (threadIdx.x == 0) {
    part[0] = best.score;
    part[1] = __int_as_float(best.id);
    part[2] = best.total;
    __threadfence();
    isLast = atomicAdd(ended + row, 1) == blocks - 1;
  }
  __syncthreads();
  if (!isLast) {
    return;
  }
  __threadfence();
  const volatile float* all = parts + static_cast<size_t>(row) * blocks * 3;
  best = {-INFINITY, 0x7fffffff, 0};
  for (int i = threadIdx.x; i < blocks; i += blockDim.x) {
    best = both(best, {all[3 * i], __float_as_int(all[3 * i + 1]), all[3 * i + 2]});
  }
  best = block_best(best, ofWarps);
  if (threadIdx.x == 0) {
    int of = rows[row];
    int n = columns / 3;
    float* to = chosen + static_cast<size_t>(of) * columns + (positions[of] + 1) % n;
    to[0] = best.score == best.score ? static_cast<float>(best.id) : -1.0f;
    to[n] = best.score;
    to[2 * n] = best.total;
    ended[row] = 0;  // for the next pass
  }
}

// x[t] = table[the token chosen for the position of row t]. A block a token.
template <class W>
DEVICE void embed_chosen(const W* table, const float* chosen, const int* positions, float* x, int columns, int chosenColumns) {
  wait_for_previous_kernel();
  float id = chosen[static_cast<size_t>(blockIdx.x) * chosenColumns + positions[blockIdx.x] % (chosenColumns / 3)];
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
