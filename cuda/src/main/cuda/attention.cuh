// Keys and values, and causal attention of single rows over them.
//
//   a page: 64 positions over all layers, in f32
//   layer 0                                                layer 1
//   K head 0 | K head 1 | ... | V head 0 | V head 1 | ... | K head 0 | ...       each [64][D]
//
// A sequence is a list of pages; pages[firstPage[row] + p / 64] holds position p of the sequence of a row.
#pragma once
#include "device.cuh"
#include "rows.cuh"

constexpr int PAGE = 64;
constexpr int ATTENTION_WARPS = 4;
constexpr int KEYS_TOGETHER = 4;
constexpr int MIN_KEYS_A_SPLIT = ATTENTION_WARPS * KEYS_TOGETHER;

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

// Norm and RoPE of one head by a warp, out of place. Lane i brings the weights i, i + 32, ...
template <int D>
DEVICE void norm_and_rotate(const float* head, const float (&weights)[D / WARP], float eps, const float* angles, float* out) {
  float scale = head_scale(head, eps, D);
#pragma unroll
  for (int j = 0; j < D / 2 / WARP; j++) {
    int i = j * WARP + static_cast<int>(threadIdx.x) % WARP;
    float a = weights[j] * (head[i] * scale);
    float b = weights[j + D / 2 / WARP] * (head[i + D / 2] * scale);
    out[i] = a * angles[i] - b * angles[D / 2 + i];
    out[i + D / 2] = b * angles[i] + a * angles[D / 2 + i];
  }
}

// A head in shared memory, aligned for loads of 16 bytes.
template <int D>
struct alignas(16) Head {
  float numbers[D];
};

// The numbers of a head that a lane works on, in one load.
DEVICE void load_lane(const float* head, int lane, float (&x)[2]) {
  float2 pair = reinterpret_cast<const float2*>(head)[lane];
  x[0] = pair.x, x[1] = pair.y;
}

DEVICE void load_lane(const float* head, int lane, float (&x)[4]) {
  float4 four = reinterpret_cast<const float4*>(head)[lane];
  x[0] = four.x, x[1] = four.y, x[2] = four.z, x[3] = four.w;
}

// One block: a row, a query head, and a part (a split) of the positions. The last block of a row and head to end joins
// the parts, in their order. The grid does not depend on the position, so that a graph of the pass stays valid.
//
// qNorm null: q and k are ready, and k and v are in the cache. Else q and k are as they come from their projections:
// each block makes of them what it needs, and one of them appends to the cache.
template <int D>
DEVICE void attention(const float* q, const float* k, const float* v, const float* qNorm, const float* kNorm, float eps,
                      const float* angles, const int* positions, const int* firstPage, const unsigned long long* pages,
                      float* parts, int* ended, float* out, int layer, int heads, int kvHeads) {
  constexpr int PER_LANE = D / WARP;
  SHARED(float[D], query);
  SHARED(Head<D>, newHead);
  float* newKey = newHead.numbers;
  SHARED(float[ATTENTION_WARPS][D], sums);
  SHARED(float[ATTENTION_WARPS], greatest);
  SHARED(float[ATTENTION_WARPS], totals);
  SHARED(int, isLast);
  int splits = gridDim.x;
  int part = blockIdx.x;
  int head = blockIdx.y;
  int row = blockIdx.z;
  int kvHead = head / (heads / kvHeads);
  int lane = threadIdx.x % WARP;
  int warp = threadIdx.x / WARP;
  float normWeights[PER_LANE] = {};  // on their way before the kernel before this one has ended
  if (qNorm != nullptr && warp < 2) {
#pragma unroll
    for (int i = 0; i < PER_LANE; i++) {
      normWeights[i] = (warp == 0 ? qNorm : kNorm)[i * WARP + lane];
    }
  }
  wait_for_previous_kernel();
  int position = positions[row];
  const unsigned long long* mine = pages + firstPage[row];

  int keys = position + 1;
  int perPart = ((keys + splits - 1) / splits + MIN_KEYS_A_SPLIT - 1) / MIN_KEYS_A_SPLIT * MIN_KEYS_A_SPLIT;
  int used = (keys + perPart - 1) / perPart;
  if (part >= used) {
    return;
  }
  int from = part * perPart;
  int to = min(keys, from + perPart);

  const float* rawQuery = q + (static_cast<size_t>(row) * heads + head) * D;
  size_t newRow = (static_cast<size_t>(row) * kvHeads + kvHead) * D;
  bool fused = qNorm != nullptr;
  bool holdsNew = fused && to == keys;
  if (fused) {
    const float* turns = angles + static_cast<size_t>(row) * D;
    if (warp == 0) {
      norm_and_rotate<D>(rawQuery, normWeights, eps, turns, query);
    } else if (warp == 1 && holdsNew) {
      norm_and_rotate<D>(k + newRow, normWeights, eps, turns, newKey);
    }
    __syncthreads();
    if (holdsNew && head % (heads / kvHeads) == 0) {
      for (int i = threadIdx.x; i < D; i += blockDim.x) {
        key_row(mine, layer, kvHeads, kvHead, D, position)[i] = newKey[i];
        value_row(mine, layer, kvHeads, kvHead, D, position)[i] = v[newRow + i];
      }
    }
  } else {
    for (int i = threadIdx.x; i < D; i += blockDim.x) {
      query[i] = rawQuery[i];
    }
    __syncthreads();
  }

  // Online softmax (Milakov and Gimelshein, 2018). A warp takes KEYS_TOGETHER positions at a time, so that as many loads are
  // under way and the sums over the lanes do not wait for each other.
  float scale = 1.0f / sqrtf(static_cast<float>(D));
  float mine_q[PER_LANE];
  float sum[PER_LANE] = {};
#pragma unroll
  for (int i = 0; i < PER_LANE; i++) {
    mine_q[i] = query[lane * PER_LANE + i] * scale;
  }
  float best = -INFINITY;
  float total = 0;
  for (int first = from + warp * KEYS_TOGETHER; first < to; first += ATTENTION_WARPS * KEYS_TOGETHER) {
    float values[KEYS_TOGETHER][PER_LANE];
    float scores[KEYS_TOGETHER];
#pragma unroll
    for (int j = 0; j < KEYS_TOGETHER; j++) {
      int p = min(first + j, to - 1);  // behind the last: loaded once more, and weighs nothing
      bool isNew = holdsNew && p == position;
      const float* key = isNew ? newKey : key_row(mine, layer, kvHeads, kvHead, D, p);
      const float* value = isNew ? v + newRow : value_row(mine, layer, kvHeads, kvHead, D, p);
      float numbers[PER_LANE];
      load_lane(key, lane, numbers);
      load_lane(value, lane, values[j]);
      scores[j] = 0;
#pragma unroll
      for (int i = 0; i < PER_LANE; i++) {
        scores[j] = fmaf(mine_q[i], numbers[i], scores[j]);
      }
    }
    float next = best;
#pragma unroll
    for (int j = 0; j < KEYS_TOGETHER; j++) {
      scores[j] = warp_sum(scores[j]);
      scores[j] = first + j < to ? scores[j] : -INFINITY;
      next = fmaxf(next, scores[j]);
    }
    float keep = expf(best - next);
    total *= keep;
#pragma unroll
    for (int i = 0; i < PER_LANE; i++) {
      sum[i] *= keep;
    }
#pragma unroll
    for (int j = 0; j < KEYS_TOGETHER; j++) {
      float weight = expf(scores[j] - next);
      total += weight;
#pragma unroll
      for (int i = 0; i < PER_LANE; i++) {
        sum[i] = fmaf(weight, values[j][i], sum[i]);
      }
    }
    best = next;
  }
  if (lane == 0) {
    greatest[warp] = best;
    totals[warp] = total;
  }
#pragma unroll
  for (int i = 0; i < PER_LANE; i++) {
    sums[warp][lane * PER_LANE + i] = sum[i];
  }
  __syncthreads();

  // Warp 0 always has a position; a warp that has none weighs nothing.
  float blockBest = greatest[0];
  for (int w = 1; w < ATTENTION_WARPS; w++) {
    blockBest = fmaxf(blockBest, greatest[w]);
  }
  float blockTotal = 0;
  for (int w = 0; w < ATTENTION_WARPS; w++) {
    blockTotal += totals[w] * expf(greatest[w] - blockBest);
  }
  size_t outRow = (static_cast<size_t>(row) * heads + head);
  float* myPart = parts + (outRow * splits + part) * (D + 2);
  for (int i = threadIdx.x; i < D; i += blockDim.x) {
    float y = 0;
    for (int w = 0; w < ATTENTION_WARPS; w++) {
      y += sums[w][i] * expf(greatest[w] - blockBest);
    }
    if (used == 1) {
      out[outRow * D + i] = y / blockTotal;
    } else {
      myPart[i] = y;
    }
  }
  if (used == 1) {
    return;
  }
  if (threadIdx.x == 0) {
    myPart[D] = blockBest;
    myPart[D + 1] = blockTotal;
  }
  __threadfence();
  __syncthreads();
  if (threadIdx.x == 0) {
    isLast = atomicAdd(ended + outRow, 1) == used - 1;
  }
  __syncthreads();
  if (!isLast) {
    return;
  }
  __threadfence();
  const volatile float* all = parts + outRow * splits * (D + 2);
  float rowBest = -INFINITY;
  for (int i = 0; i < used; i++) {
    rowBest = fmaxf(rowBest, all[i * (D + 2) + D]);
  }
  float rowTotal = 0;
  for (int i = 0; i < used; i++) {
    rowTotal += all[i * (D + 2) + D + 1] * expf(all[i * (D + 2) + D] - rowBest);
  }
  for (int i = threadIdx.x; i < D; i += blockDim.x) {
    float y = 0;
    for (int j = 0; j < used; j++) {
      y += all[j * (D + 2) + i] * expf(all[j * (D + 2) + D] - rowBest);
    }
    out[outRow * D + i] = y / rowTotal;
  }
  if (threadIdx.x == 0) {
    ended[outRow] = 0;  // for the next layer
  }
}

#define ATTENTION(name, D)                                                                                               \
  KERNEL __launch_bounds__(ATTENTION_WARPS* WARP)                                                                        \
      name(const float* q, const float* k, const float* v, const float* qNorm, const float* kNorm, float eps,            \
           const float* angles, const int* positions, const int* firstPage, const unsigned long long* pages,             \
           float* parts, int* ended, float* out, int layer, int heads, int kvHeads) {                                    \
    attention<D>(q, k, v, qNorm, kNorm, eps, angles, positions, firstPage, pages, parts, ended, out, layer, heads,       \
                 kvHeads);                                                                                               \
  }

ATTENTION(attention_64, 64)
ATTENTION(attention_128, 128)
