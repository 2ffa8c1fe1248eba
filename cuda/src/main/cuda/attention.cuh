// Causal attention of single rows over keys and values in pages, as in decoding; norm, RoPE and the append to the cache in it.
//
// A block: a row, two query heads that share a key head, and a part of the positions. There are `splits` parts at most, of
// `fewest` positions at least. The last block of a row and head to end joins them, in their order. The grid fits any position
// up to a power of two, so that a graph of the pass stays valid for long; blocks without a part end at once.
//
//   a warp                lanes 0..15     16..31
//                         position p      p + 1           16 neighbouring bytes of a key and of a value a lane, and those
//                                                         256 bytes behind
//
// Each group of lanes keeps a softmax of its own (online: Milakov and Gimelshein, 2018). They are joined at the end: those of
// a warp, of a block, of all parts.
#pragma once
#include "pages.cuh"

constexpr int ATTENTION_WARPS = 8;
constexpr int KEY_LANES = 16;                 // lanes of a position
constexpr int KEY_GROUPS = WARP / KEY_LANES;  // positions that a warp loads at a time
constexpr int KEY_ROUNDS = 2;                 // such loads under way
constexpr int WARP_KEYS = KEY_GROUPS * KEY_ROUNDS;
constexpr int BLOCK_KEYS = ATTENTION_WARPS * WARP_KEYS;
constexpr int PREFETCHED = 256;  // positions of a part that are brought to L2 ahead of time
constexpr int QUERIES = 2;
constexpr int MOST_PARTS = WARP;

// What is known of some positions: the greatest score, and the sum of 2^(score - best).
struct Softmax {
  float best, total;
};

// Less than any score, and not infinite: the difference to itself is 0.
constexpr float NOTHING_SEEN = -1e30f;

DEVICE float dot(float4 a, float4 b, float sum) {
  return fmaf(a.x, b.x, fmaf(a.y, b.y, fmaf(a.z, b.z, fmaf(a.w, b.w, sum))));
}

DEVICE void multiply(float4& x, float by) { x.x *= by, x.y *= by, x.z *= by, x.w *= by; }

DEVICE void add_weighted(float4& sum, float weight, float4 x) {
  sum.x = fmaf(weight, x.x, sum.x);
  sum.y = fmaf(weight, x.y, sum.y);
  sum.z = fmaf(weight, x.z, sum.z);
  sum.w = fmaf(weight, x.w, sum.w);
}

// Over the lanes of a position.
DEVICE float key_sum(float x) {
#pragma unroll
  for (int offset = KEY_LANES / 2; offset > 0; offset /= 2) {
    x += __shfl_xor_sync(ALL_LANES, x, offset);
  }
  return x;
}

// Over the groups of lanes of a warp.
DEVICE float group_sum(float x) {
#pragma unroll
  for (int offset = KEY_LANES; offset < WARP; offset *= 2) {
    x += __shfl_xor_sync(ALL_LANES, x, offset);
  }
  return x;
}

DEVICE float group_max(float x) {
#pragma unroll
  for (int offset = KEY_LANES; offset < WARP; offset *= 2) {
    x = fmaxf(x, __shfl_xor_sync(ALL_LANES, x, offset));
  }
  return x;
}

DEVICE float warp_max(float x) {
#pragma unroll
  for (int offset = WARP / 2; offset > 0; offset /= 2) {
    x = fmaxf(x, __shfl_xor_sync(ALL_LANES, x, offset));
  }
  return x;
}

// A head in shared memory, aligned for loads of 16 bytes.
template <int D>
struct alignas(16) Head {
  float numbers[D];
};

// What a lane has of a position: key and value, 16 bytes of each 256.
template <int D>
struct LanePart {
  static constexpr int CHUNKS = D / 4 / KEY_LANES;
  float4 key[CHUNKS];
  float4 value[CHUNKS];

  DEVICE_MEMBER void load(const float* keyRow, const float* valueRow, int lane) {
#pragma unroll
    for (int i = 0; i < CHUNKS; i++) {
      key[i] = reinterpret_cast<const float4*>(keyRow)[i * KEY_LANES + lane];
      value[i] = reinterpret_cast<const float4*>(valueRow)[i * KEY_LANES + lane];
    }
  }
};

// Norm and RoPE of one head by a warp. Lane i brings the numbers, the weights and the cosines and sines i, i + 32, ...
template <int D>
DEVICE void norm_and_rotate(const float (&head)[D / WARP], const float (&weights)[D / WARP], float eps,
                            const float (&turns)[D / WARP], float* out) {
  constexpr int HALF = D / 2 / WARP;
  float squares = 0;
#pragma unroll
  for (int i = 0; i < 2 * HALF; i++) {
    squares += head[i] * head[i];
  }
  float scale = inverse_root(warp_sum(squares) / D + eps);
#pragma unroll
  for (int i = 0; i < HALF; i++) {
    int at = i * WARP + static_cast<int>(threadIdx.x) % WARP;
    float a = weights[i] * (head[i] * scale);
    float b = weights[i + HALF] * (head[i + HALF] * scale);
    out[at] = a * turns[i] - b * turns[i + HALF];
    out[at + D / 2] = b * turns[i] + a * turns[i + HALF];
  }
}

// qNorm null: q and k are ready, and k and v are in the cache. Else q and k are as they come from their projections:
// each block makes of them what it needs, and one of them appends to the cache.
template <int D>
DEVICE void attention(const float* q, const float* k, const float* v, const float* qNorm, const float* kNorm, float eps,
                      const float* angles, const int* positions, const int* firstPage,
                      const unsigned long long* pages, float* parts, int* ended, float* out, int layer, int heads, int kvHeads,
                      int splits, int fewest) {
  constexpr int CHUNKS = LanePart<D>::CHUNKS;
  constexpr int PER_LANE = D / WARP;
  static_assert(QUERIES * D <= ATTENTION_WARPS * WARP, "a number of the result a thread");
  SHARED(Head<D>[QUERIES], query);
  SHARED(Head<D>, newKey);
  SHARED(Head<D>[ATTENTION_WARPS][QUERIES], sums);
  SHARED(Softmax[ATTENTION_WARPS][QUERIES], ofWarps);
  SHARED(int, isLast);
  let_next_kernel_start();
  int part = blockIdx.x;
  int row = blockIdx.z;
  int perKey = heads / kvHeads;
  int pairs = (perKey + QUERIES - 1) / QUERIES;
  int kvHead = blockIdx.y / pairs;
  int firstHead = kvHead * perKey + blockIdx.y % pairs * QUERIES;
  int queries = min(QUERIES, (kvHead + 1) * perKey - firstHead);
  int thread = threadIdx.x;
  int lane = thread % WARP;
  int keyLane = lane % KEY_LANES;
  int warp = thread / WARP;
  bool fused = qNorm != nullptr;

  // No kernel writes positions, pages, angles, or the weights of the norms: all this is done before the wait.
  int position = positions[row];
  const unsigned long long* mine = pages + firstPage[row];
  int keys = position + 1;
  int perPart = (max((keys + splits - 1) / splits, fewest) + BLOCK_KEYS - 1) / BLOCK_KEYS * BLOCK_KEYS;
  int used = (keys + perPart - 1) / perPart;
  if (part >= used) {
    wait_for_previous_kernel();
    return;
  }
  int from = part * perPart;
  int to = min(keys, from + perPart);
  bool holdsNew = fused && to == keys;
  size_t toValue = static_cast<size_t>(kvHeads) * PAGE * D;  // from a key to its value
  size_t newRow = (static_cast<size_t>(row) * kvHeads + kvHead) * D;
  size_t outRow = static_cast<size_t>(row) * heads + firstHead;

  // A warp each norms and rotates a query and the new key.
  const float* raw = nullptr;
  float* prepared = nullptr;
  if (fused && warp < queries) {
    raw = q + (outRow + warp) * D;
    prepared = query[warp].numbers;
  } else if (holdsNew && warp == QUERIES) {
    raw = k + newRow;
    prepared = newKey.numbers;
  }
  float normWeights[PER_LANE] = {};
  float turns[PER_LANE] = {};  // cosines, then sines
  if (raw != nullptr) {
#pragma unroll
    for (int i = 0; i < PER_LANE; i++) {
      normWeights[i] = (warp < QUERIES ? qNorm : kNorm)[i * WARP + lane];
      turns[i] = angles[static_cast<size_t>(row) * D + i * WARP + lane];
    }
  }

  // A hint, which reads nothing that might still be written.
  constexpr int LINES = D * static_cast<int>(sizeof(float)) / 128;
  for (int i = from * LINES + thread; i < min(to, from + PREFETCHED) * LINES; i += blockDim.x) {
    const float* line = key_row(mine, layer, kvHeads, kvHead, D, i / LINES) + i % LINES * 32;
    prefetch(line);
    prefetch(line + toValue);
  }

  const float* keyRows[KEY_ROUNDS];  // null: the position of this row, which is not in its page yet
  auto choose = [&](int first) {
#pragma unroll
    for (int j = 0; j < KEY_ROUNDS; j++) {
      int p = min(first + j * KEY_GROUPS + lane / KEY_LANES, to - 1);  // behind the last: once more, and weighs nothing
      keyRows[j] = holdsNew && p == position ? nullptr : key_row(mine, layer, kvHeads, kvHead, D, p);
    }
  };
  LanePart<D> loaded[KEY_ROUNDS] = {};
  auto load = [&]() {
#pragma unroll
    for (int j = 0; j < KEY_ROUNDS; j++) {
      if (keyRows[j] != nullptr) {
        loaded[j].load(keyRows[j], keyRows[j] + toValue, keyLane);
      }
    }
  };
  int first = from + warp * WARP_KEYS;
  choose(first);
  wait_for_previous_kernel();

  if (raw != nullptr) {
    float numbers[PER_LANE];
#pragma unroll
    for (int i = 0; i < PER_LANE; i++) {
      numbers[i] = raw[i * WARP + lane];
    }
    load();
    norm_and_rotate<D>(numbers, normWeights, eps, turns, prepared);
  } else {
    load();
  }
  if (!fused && thread < queries * D) {
    query[thread / D].numbers[thread % D] = q[outRow * D + thread];
  }
  __syncthreads();
  if (holdsNew && blockIdx.y % pairs == 0 && thread < D) {
    key_row(mine, layer, kvHeads, kvHead, D, position)[thread] = newKey.numbers[thread];
    value_row(mine, layer, kvHeads, kvHead, D, position)[thread] = v[newRow + thread];
  }

  float scale = 1.44269504f / sqrtf(static_cast<float>(D));  // powers of 2 are one instruction
  float4 sum[QUERIES][CHUNKS] = {};
  Softmax softmax[QUERIES];
  softmax[0] = softmax[1] = {NOTHING_SEEN, 0};
  for (;;) {
#pragma unroll
    for (int j = 0; j < KEY_ROUNDS; j++) {
      if (keyRows[j] == nullptr) {
        loaded[j].load(newKey.numbers, v + newRow, keyLane);
      }
    }
#pragma unroll
    for (int h = 0; h < QUERIES; h++) {
      const float4* numbers = reinterpret_cast<const float4*>(query[h < queries ? h : 0].numbers);
      float scores[KEY_ROUNDS] = {};
#pragma unroll
      for (int i = 0; i < CHUNKS; i++) {
        float4 x = numbers[i * KEY_LANES + keyLane];
#pragma unroll
        for (int j = 0; j < KEY_ROUNDS; j++) {
          scores[j] = dot(x, loaded[j].key[i], scores[j]);
        }
      }
      float next = softmax[h].best;
#pragma unroll
      for (int j = 0; j < KEY_ROUNDS; j++) {
        scores[j] = key_sum(scores[j]) * scale;
        scores[j] = first + j * KEY_GROUPS + lane / KEY_LANES < to ? scores[j] : -INFINITY;
        next = fmaxf(next, scores[j]);
      }
      float keep = power_of_2(softmax[h].best - next);
      softmax[h].best = next;
      softmax[h].total *= keep;
#pragma unroll
      for (int i = 0; i < CHUNKS; i++) {
        multiply(sum[h][i], keep);
      }
#pragma unroll
      for (int j = 0; j < KEY_ROUNDS; j++) {
        float weight = power_of_2(scores[j] - next);
        softmax[h].total += weight;
#pragma unroll
        for (int i = 0; i < CHUNKS; i++) {
          add_weighted(sum[h][i], weight, loaded[j].value[i]);
        }
      }
    }
    first += BLOCK_KEYS;
    if (first >= to) {
      break;
    }
    choose(first);
    load();
  }

  // The groups of a warp become one.
#pragma unroll
  for (int h = 0; h < QUERIES; h++) {
    float best = group_max(softmax[h].best);
    float keep = power_of_2(softmax[h].best - best);
    float total = group_sum(softmax[h].total * keep);
#pragma unroll
    for (int i = 0; i < CHUNKS; i++) {
      multiply(sum[h][i], keep);
      sum[h][i] = {group_sum(sum[h][i].x), group_sum(sum[h][i].y), group_sum(sum[h][i].z), group_sum(sum[h][i].w)};
      if (lane < KEY_LANES) {
        reinterpret_cast<float4*>(sums[warp][h].numbers)[i * KEY_LANES + lane] = sum[h][i];
      }
    }
    if (lane == 0) {
      ofWarps[warp][h] = {best, total};
    }
  }
  __syncthreads();

  // The warps become one: a number of the result a thread.
  int h = thread / D;
  int d = thread % D;
  float* ofHead = parts + (outRow + h) * splits * (D + 2);  // [splits][D + 2]: sums, the greatest score, the total
  if (h < queries) {
    float best = NOTHING_SEEN;
#pragma unroll
    for (int w = 0; w < ATTENTION_WARPS; w++) {
      best = fmaxf(best, ofWarps[w][h].best);
    }
    float total = 0;
    float y = 0;
#pragma unroll
    for (int w = 0; w < ATTENTION_WARPS; w++) {
      float weight = power_of_2(ofWarps[w][h].best - best);
      total += ofWarps[w][h].total * weight;
      y += sums[w][h].numbers[d] * weight;
    }
    if (used == 1) {
      out[(outRow + h) * D + d] = y / total;
    } else {
      float* to = ofHead + part * (D + 2);
      to[d] = y;
      if (d == 0) {
        to[D] = best;
        to[D + 1] = total;
      }
    }
  }
  if (used == 1) {
    return;
  }

  // The parts become one, by the block that ends last. A lane knows the softmax of one of them; a warp has one head.
  __threadfence();
  __syncthreads();
  if (thread == 0) {
    isLast = atomicAdd(ended + outRow, 1) == used - 1;
  }
  __syncthreads();
  if (!isLast) {
    return;
  }
  __threadfence();
  if (h < queries) {
    Softmax ofPart = {NOTHING_SEEN, 0};
    if (lane < used) {
      ofPart = {load_fresh(ofHead + lane * (D + 2) + D), load_fresh(ofHead + lane * (D + 2) + D + 1)};
    }
    float numbers[MOST_PARTS];
#pragma unroll
    for (int j = 0; j < MOST_PARTS; j++) {
      numbers[j] = 0;
      if (j < used) {
        numbers[j] = load_fresh(ofHead + j * (D + 2) + d);
      }
    }
    float weight = power_of_2(ofPart.best - warp_max(ofPart.best));
    float total = warp_sum(ofPart.total * weight);
    float y = 0;
#pragma unroll
    for (int j = 0; j < MOST_PARTS; j++) {
      y = fmaf(__shfl_sync(ALL_LANES, weight, j), numbers[j], y);
    }
    out[(outRow + h) * D + d] = y / total;
  }
  if (thread == 0) {
    ended[outRow] = 0;  // for the next layer
  }
}

#define ATTENTION(name, D)                                                                                        \
  KERNEL __launch_bounds__(ATTENTION_WARPS* WARP, 2)                                                               \
      name(const float* q, const float* k, const float* v, const float* qNorm, const float* kNorm, float eps,            \
           const float* angles, const int* positions, const int* firstPage, const unsigned long long* pages,             \
           float* parts, int* ended, float* out, int layer, int heads, int kvHeads, int splits, int fewest) {            \
    attention<D>(q, k, v, qNorm, kNorm, eps, angles, positions, firstPage, pages, parts, ended, out, layer, heads,       \
                 kvHeads, splits, fewest);                                                                               \
  }

ATTENTION(attention_64, 64)
ATTENTION(attention_128, 128)
