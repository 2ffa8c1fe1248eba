// What lies between the projections of q, k and v and attention of many rows of one sequence: the norm of each head, RoPE,
// the cache, and the numbers in the form that tensor cores take.
//
// That form is bf16. As in gemm.cuh an f32 becomes high + low, and is rounded to high where low is not wanted. It is made once
// for a layer, so that the blocks of prefill_attention.cuh find it:
//
//   queries        [kvHead][token][query head of kvHead]     each [high D | low D], or only [high D]
//   keys, values   [position][kvHead]                        from position 0, whatever pass it came with
#pragma once
#include "pages.cuh"
#include "rows.cuh"

// Neighbours of a head that a lane works on.
template <int N>
struct Neighbours;

template <>
struct Neighbours<2> {
  float x[2];
  DEVICE_MEMBER void load(const float* from) {
    float2 pair = *reinterpret_cast<const float2*>(from);
    x[0] = pair.x, x[1] = pair.y;
  }
  DEVICE_MEMBER void store(float* to) const {
    float2 pair = {x[0], x[1]};
    *reinterpret_cast<float2*>(to) = pair;
  }
  DEVICE_MEMBER void store_split(bf16* high, bf16* low, float factor) const {
    unsigned h, l;
    split_pair(x[0] * factor, x[1] * factor, h, l);
    *reinterpret_cast<unsigned*>(high) = h;
    if (low != nullptr) {
      *reinterpret_cast<unsigned*>(low) = l;
    }
  }
};

template <>
struct Neighbours<1> {
  float x[1];
  DEVICE_MEMBER void load(const float* from) { x[0] = *from; }
  DEVICE_MEMBER void store(float* to) const { *to = x[0]; }
  DEVICE_MEMBER void store_split(bf16* high, bf16* low, float factor) const { ::store_split(x[0] * factor, high, low, 0); }
};

// A head by a warp: each lane holds neighbours of the first half, and those of the second half that RoPE turns them with.
template <int D>
struct HeadOfLane {
  static constexpr int N = D / 2 / WARP;
  Neighbours<N> first, second;

  DEVICE_MEMBER static int at() { return static_cast<int>(threadIdx.x) % WARP * N; }
  DEVICE_MEMBER void load(const float* head) {
    first.load(head + at());
    second.load(head + D / 2 + at());
  }
  DEVICE_MEMBER void store(float* head) const {
    first.store(head + at());
    second.store(head + D / 2 + at());
  }
  // Into [high D | low D], times a factor.
  DEVICE_MEMBER void store_split(bf16* row, float factor, bool isExact) const {
    bf16* low = isExact ? row + D : nullptr;
    first.store_split(row + at(), isExact ? low + at() : nullptr, factor);
    second.store_split(row + D / 2 + at(), isExact ? low + D / 2 + at() : nullptr, factor);
  }
  DEVICE_MEMBER void norm_and_rotate(const float* weight, float eps, const float* angles) {
    HeadOfLane weights, turns;
    weights.load(weight);
    turns.load(angles);
    float squares = 0;
#pragma unroll
    for (int i = 0; i < N; i++) {
      squares += first.x[i] * first.x[i] + second.x[i] * second.x[i];
    }
    float scale = 1.0f / sqrtf(warp_sum(squares) / D + eps);
#pragma unroll
    for (int i = 0; i < N; i++) {
      float a = weights.first.x[i] * (first.x[i] * scale);
      float b = weights.second.x[i] * (second.x[i] * scale);
      first.x[i] = a * turns.first.x[i] - b * turns.second.x[i];
      second.x[i] = b * turns.first.x[i] + a * turns.second.x[i];
    }
  }
};

// A warp takes one head after the other: of the rows of the pass, then of the positions before them, from the cache. Values
// behind the last position become zeros up to the end of a tile: nothing is times NaN there.
// Queries are multiplied with what makes of their scores the exponents of a softmax of base 2.
//
// qNorm null: q is ready, and all keys and values are in the cache. Else the three are as they come from their projections.
template <int D>
DEVICE void prepare_attention(const float* q, const float* k, const float* v, const float* qNorm, const float* kNorm, float eps,
                              const float* angles, const int* positions, const int* firstPage,
                              const unsigned long long* pages, bf16* queries, bf16* keys, bf16* values, int layer, int heads,
                              int kvHeads, int tokens, bool isExact) {
  wait_for_previous_kernel();
  const unsigned long long* mine = pages + firstPage[0];
  int position0 = positions[0];
  bool isReady = qNorm == nullptr;
  int cached = isReady ? position0 + tokens : position0;
  int headsHere = isReady ? heads : heads + 2 * kvHeads;
  int together = heads / kvHeads;
  int width = isExact ? 2 * D : D;
  float scale = 1.4426950408889634f / sqrtf(static_cast<float>(D));
  int warp = (blockIdx.x * blockDim.x + threadIdx.x) / WARP;
  int warps = gridDim.x * (blockDim.x / WARP);

  for (int at = warp; at < tokens * headsHere; at += warps) {
    int token = at / headsHere;
    int head = at % headsHere;
    const float* turns = angles + static_cast<size_t>(token) * D;
    HeadOfLane<D> x;
    if (head < heads) {
      x.load(q + (static_cast<size_t>(token) * heads + head) * D);
      if (!isReady) {
        x.norm_and_rotate(qNorm, eps, turns);
      }
      size_t row = (static_cast<size_t>(head / together) * tokens + token) * together + head % together;
      x.store_split(queries + row * width, scale, isExact);
      continue;
    }
    bool isKey = head < heads + kvHeads;
    int kvHead = (head - heads) % kvHeads;
    int position = position0 + token;
    x.load((isKey ? k : v) + (static_cast<size_t>(token) * kvHeads + kvHead) * D);
    if (isKey) {
      x.norm_and_rotate(kNorm, eps, turns);
    }
    x.store(isKey ? key_row(mine, layer, kvHeads, kvHead, D, position) : value_row(mine, layer, kvHeads, kvHead, D, position));
    x.store_split((isKey ? keys : values) + (static_cast<size_t>(position) * kvHeads + kvHead) * width, 1, isExact);
  }

  for (int at = warp; at < cached * 2 * kvHeads; at += warps) {
    int position = at / (2 * kvHeads);
    bool isKey = at % (2 * kvHeads) < kvHeads;
    int kvHead = at % kvHeads;
    HeadOfLane<D> x;
    x.load(isKey ? key_row(mine, layer, kvHeads, kvHead, D, position) : value_row(mine, layer, kvHeads, kvHead, D, position));
    x.store_split((isKey ? keys : values) + (static_cast<size_t>(position) * kvHeads + kvHead) * width, 1, isExact);
  }

  int end = position0 + tokens;
  int behind = (end + PAGE - 1) / PAGE * PAGE - end;
  for (int at = warp; at < behind * kvHeads; at += warps) {
    HeadOfLane<D> zeros = {};
    zeros.store_split(values + (static_cast<size_t>(end) * kvHeads + at) * width, 0, isExact);
  }
}

#define PREPARE_ATTENTION(name, D)                                                                                         \
  KERNEL __launch_bounds__(256, 6)                                                                                         \
      name(const float* q, const float* k, const float* v, const float* qNorm, const float* kNorm, float eps,              \
           const float* angles, const int* positions, const int* firstPage, const unsigned long long* pages, bf16* queries, \
           bf16* keys, bf16* values, int layer, int heads, int kvHeads, int tokens, int isExact) {                         \
    prepare_attention<D>(q, k, v, qNorm, kNorm, eps, angles, positions, firstPage, pages, queries, keys, values, layer,    \
                         heads, kvHeads, tokens, isExact != 0);                                                            \
  }

PREPARE_ATTENTION(prepare_attention_64, 64)
PREPARE_ATTENTION(prepare_attention_128, 128)
