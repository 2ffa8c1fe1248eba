// Linear layers for many tokens on Hopper: out = x W^T. What x is made of, high + low, is told in gemm.cuh.
//
//   a block: BM tokens, BN rows of W. A warpgroup has 64 of the tokens and all of the rows; one instruction multiplies 16
//   columns of them
//
//                      BN rows of W                a stage in shared memory, 64 columns:
//            +---------------------------+         high [BM][64]  low [BM][64]  W [BN][64]
//   64       |        warpgroup 0        |
//   tokens   +---------------------------+         W is two halves: neighbouring rows; or rows of the gate and the same rows
//   64       |        warpgroup 1        |         of up, so that the block has both and stores silu(gate) up, split in two as
//            +---------------------------+         the next layer takes it
//
// One more warp copies: a thread of it asks for the stages, as soon as their places are free. The warpgroups wait for a stage,
// ask for its products, wait for those of the stage before, and give its place back. Nobody else waits for anybody.
#pragma once
#include "wgmma.cuh"

// What a linear layer is here; up to three of the same input, such as q, k and v.
struct HopperLayer {
  const TensorMap* weight;
  const float* bias;
  float* out;
  int rows;
};

// A layer, and the first of its rows that belong to a tile. Tiles do not reach over the end of a layer.
struct Tile : HopperLayer {
  int first;
};

DEVICE Tile find_tile(const HopperLayer layers[3], int tile, int height) {
#pragma unroll
  for (int i = 0; i < 2; i++) {
    int tiles = (layers[i].rows + height - 1) / height;
    if (tile < tiles) {
      return {layers[i], tile * height};
    }
    tile -= tiles;
  }
  return {layers[2], tile * height};
}

// The sums of a block in shared memory, where the stages were: from there neighbours store neighbours. Rows are 8 longer than
// they are, so that the rows that a warp writes to at a time are in different banks.
template <int BM, int BN>
struct Sums {
  static constexpr int PITCH = BN + 8;
  static constexpr int THREADS = BM / 64 * WARPGROUP + WARP;
  float* memory;

  DEVICE_MEMBER const float* at(int token, int row) const { return memory + token * PITCH + row; }

  DEVICE_MEMBER void keep(const float (&sum)[BN / 2]) const {
    int lane = threadIdx.x % WARP;
    float* to = memory + (static_cast<int>(threadIdx.x) / WARP * 16 + lane / 4) * PITCH + lane % 4 * 2;
#pragma unroll
    for (int j = 0; j < BN / 8; j++) {
      *reinterpret_cast<float2*>(to + j * 8) = {sum[j * 4], sum[j * 4 + 1]};
      *reinterpret_cast<float2*>(to + 8 * PITCH + j * 8) = {sum[j * 4 + 2], sum[j * 4 + 3]};
    }
  }

  // out = sum + bias, residual += out, four rows of W at a time; either may be null. The layer's rows are a multiple of 4.
  DEVICE_MEMBER void store(const Tile& tile, float* residual, int firstToken, int tokens) const {
    constexpr int COUNT = BM * BN / 4;
    constexpr int TOGETHER = 8;  // loads under way
    auto place = [&](int i) { return static_cast<size_t>(firstToken + i / (BN / 4)) * tile.rows + tile.first + i % (BN / 4) * 4; };
    auto is_there = [&](int i) {
      return i < COUNT && firstToken + i / (BN / 4) < tokens && tile.first + i % (BN / 4) * 4 < tile.rows;
    };
    for (int first = threadIdx.x; first < COUNT; first += TOGETHER * THREADS) {
      float4 old[TOGETHER];
#pragma unroll
      for (int j = 0; j < TOGETHER; j++) {
        int i = first + j * THREADS;
        old[j] = {0, 0, 0, 0};
        if (residual != nullptr && is_there(i)) {
          old[j] = *reinterpret_cast<const float4*>(residual + place(i));
        }
      }
#pragma unroll
      for (int j = 0; j < TOGETHER; j++) {
        int i = first + j * THREADS;
        if (is_there(i)) {
          float4 y = *reinterpret_cast<const float4*>(at(i / (BN / 4), i % (BN / 4) * 4));
          if (tile.bias != nullptr) {
            float4 bias = *reinterpret_cast<const float4*>(tile.bias + tile.first + i % (BN / 4) * 4);
            y.x += bias.x, y.y += bias.y, y.z += bias.z, y.w += bias.w;
          }
          if (tile.out != nullptr) {
            *reinterpret_cast<float4*>(tile.out + place(i)) = y;
          }
          if (residual != nullptr) {
            *reinterpret_cast<float4*>(residual + place(i)) = {old[j].x + y.x, old[j].y + y.y, old[j].z + y.z, old[j].w + y.w};
          }
        }
      }
    }
  }

  // The same for any number of rows.
  DEVICE_MEMBER void store_one_by_one(const Tile& tile, float* residual, int firstToken, int tokens) const {
    for (int i = threadIdx.x; i < BM * BN; i += THREADS) {
      int token = firstToken + i / BN;
      int row = tile.first + i % BN;
      if (token < tokens && row < tile.rows) {
        size_t to = static_cast<size_t>(token) * tile.rows + row;
        float y = *at(i / BN, i % BN) + (tile.bias != nullptr ? tile.bias[row] : 0.0f);
        if (tile.out != nullptr) {
          tile.out[to] = y;
        }
        if (residual != nullptr) {
          residual[to] += y;
        }
      }
    }
  }

  // silu(gate) up, as what tensor cores take, two rows at a time; low may be null. The first half of the rows is the gate. A
  // layer has a multiple of 8 rows that are another one's columns.
  DEVICE_MEMBER void store_gated(const Tile& tile, bf16* high, bf16* low, int firstToken, int tokens) const {
    constexpr int PAIRS = BN / 4;
#pragma unroll 4
    for (int i = threadIdx.x; i < BM * PAIRS; i += THREADS) {
      int token = firstToken + i / PAIRS;
      int row = i % PAIRS * 2;
      if (token < tokens && tile.first + row < tile.rows) {
        float2 gate = *reinterpret_cast<const float2*>(at(i / PAIRS, row));
        float2 up = *reinterpret_cast<const float2*>(at(i / PAIRS, BN / 2 + row));
        unsigned highs, lows;
        split_pair(silu(gate.x) * up.x, silu(gate.y) * up.y, highs, lows);
        size_t to = static_cast<size_t>(token) * tile.rows + tile.first + row;
        *reinterpret_cast<unsigned*>(high + to) = highs;
        if (low != nullptr) {
          *reinterpret_cast<unsigned*>(low + to) = lows;
        }
      }
    }
  }
};

// What a block multiplies.
struct Part {
  Tile tile;
  const TensorMap* weight;  // of the second half of the rows
  int secondFirst;          // of that half
  int firstToken;
};

// Places for stages, and the barriers of each.
template <int BM, int BN, int COUNT>
struct Stages {
  static constexpr int INPUT = BM * SWIZZLED_COLUMNS;
  static constexpr int HALF = BN / 2 * SWIZZLED_COLUMNS;
  static constexpr int SIZE = 2 * INPUT + 2 * HALF;
  bf16* memory;

  // Full: its bytes are there. Free: the products of all warps have ended.
  DEVICE_MEMBER uint64* full(int place) const { return reinterpret_cast<uint64*>(memory + COUNT * SIZE) + place; }
  DEVICE_MEMBER uint64* free(int place) const { return full(COUNT + place); }
  DEVICE_MEMBER bf16* high(int place) const { return memory + place * SIZE; }
  DEVICE_MEMBER bf16* low(int place) const { return high(place) + INPUT; }
  DEVICE_MEMBER bf16* weights(int place) const { return high(place) + 2 * INPUT; }

  DEVICE_MEMBER void make_barriers(int warps) const {
    for (int i = 0; i < COUNT; i++) {
      make_barrier(full(i), 1);
      make_barrier(free(i), warps);
    }
    fence_barriers();
  }

  DEVICE_MEMBER void copy_weights(const Part& part, int step, int place) const {
    int column = step * SWIZZLED_COLUMNS;
    copy_box(weights(place), part.tile.weight, column, part.tile.first, full(place));
    copy_box(weights(place) + HALF, part.weight, column, part.secondFirst, full(place));
  }

  DEVICE_MEMBER void copy_inputs(const Part& part, const TensorMap* highs, const TensorMap* lows, int step, int place) const {
    int column = step * SWIZZLED_COLUMNS;
    copy_box(high(place), highs, column, part.firstToken, full(place));
    if (lows != nullptr) {
      copy_box(low(place), lows, column, part.firstToken, full(place));
    }
  }

  DEVICE_MEMBER void expect(int place, bool isExact) const {
    arrive_expecting(full(place), (2 * HALF + (isExact ? 2 : 1) * INPUT) * static_cast<int>(sizeof(bf16)));
  }

  // The products of all steps, for one warpgroup. When those of all have ended, their sums take the place of the stages.
  template <bool EXACT>
  DEVICE_MEMBER void multiply(int steps, int warpgroup, const Sums<BM, BN>& sums) const {
    float sum[BN / 2] = {};
    uint64 inputs = matrix_at(memory + warpgroup * 64 * SWIZZLED_COLUMNS);
    uint64 rows = matrix_at(memory + 2 * INPUT);
    bool arrives = threadIdx.x % WARP == 0;
    int place = 0;
    int parity = 0;
    int step = 0;
#pragma unroll 1
    do {  // at least one step: ptxas of CUDA 12.0 keeps products under way only in such a loop
      wait_for_phase(full(place), parity);
      uint64 stage = further(place * SIZE);
      begin_products();
#pragma unroll
      for (int k = 0; k < SWIZZLED_COLUMNS; k += 16) {
        multiply_async(sum, inputs + stage + further(k), rows + stage + further(k));
        if (EXACT) {
          multiply_async(sum, inputs + stage + further(INPUT + k), rows + stage + further(k));
        }
      }
      commit_products();
      wait_for_products<1>();
      if (arrives && step > 0) {
        arrive(free(place == 0 ? COUNT - 1 : place - 1));
      }
      place++;
      if (place == COUNT) {
        place = 0;
        parity ^= 1;
      }
    } while (++step < steps);
    wait_for_sums(sum);
    __syncthreads();
    sums.keep(sum);
  }
};

// out, or where it goes instead: residual += out; gatedHigh, gatedLow = silu(out0) out1. gatedLow null: rounded, as the input
// is where lows is null.
template <int WARPGROUPS, int BN, int STAGE_COUNT>
DEVICE void hopper_gemm(const HopperLayer layers[3], const TensorMap* highs, const TensorMap* lows, float* residual,
                        bf16* gatedHigh, bf16* gatedLow, int columns, int tokens) {
  constexpr int BM = WARPGROUPS * 64;
  constexpr int MULTIPLYING = WARPGROUPS * WARPGROUP;  // threads; one warp more copies
  SWIZZLED_SHARED(bf16, memory);
  Stages<BM, BN, STAGE_COUNT> stages = {memory};
  if (threadIdx.x == 0) {
    stages.make_barriers(MULTIPLYING / WARP);
  }
  __syncthreads();

  bool isGated = gatedHigh != nullptr;
  int steps = (columns + SWIZZLED_COLUMNS - 1) / SWIZZLED_COLUMNS;
  Part part;
  part.tile = find_tile(layers, blockIdx.x, isGated ? BN / 2 : BN);
  part.weight = isGated ? layers[1].weight : part.tile.weight;
  part.secondFirst = part.tile.first + (isGated ? 0 : BN / 2);
  part.firstToken = blockIdx.y * BM;

  // The weights of the first stages are on their way before the kernel before this one has ended.
  bool copies = threadIdx.x == MULTIPLYING;
  int first = min(steps, STAGE_COUNT);
  if (copies) {
    for (int step = 0; step < first; step++) {
      stages.expect(step, lows != nullptr);
      stages.copy_weights(part, step, step);
    }
  }
  wait_for_previous_kernel();

  Sums<BM, BN> sums = {reinterpret_cast<float*>(memory)};
  if (threadIdx.x >= MULTIPLYING) {
    if (copies) {
      for (int step = 0; step < first; step++) {
        stages.copy_inputs(part, highs, lows, step, step);
      }
      for (int step = STAGE_COUNT; step < steps; step++) {
        int place = step % STAGE_COUNT;
        wait_for_phase(stages.free(place), (step / STAGE_COUNT - 1) % 2);
        stages.expect(place, lows != nullptr);
        stages.copy_weights(part, step, place);
        stages.copy_inputs(part, highs, lows, step, place);
      }
    }
    __syncwarp();
    __syncthreads();
  } else if (lows != nullptr) {
    stages.template multiply<true>(steps, threadIdx.x / WARPGROUP, sums);
  } else {
    stages.template multiply<false>(steps, threadIdx.x / WARPGROUP, sums);
  }
  __syncthreads();
  if (isGated) {
    sums.store_gated(part.tile, gatedHigh, gatedLow, part.firstToken, tokens);
  } else if (part.tile.rows % 4 == 0) {
    sums.store(part.tile, residual, part.firstToken, tokens);
  } else {
    sums.store_one_by_one(part.tile, residual, part.firstToken, tokens);
  }
}

#define HOPPER_GEMM(name, WARPGROUPS, BN, STAGE_COUNT, BLOCKS)                                                            \
  KERNEL __launch_bounds__(WARPGROUPS* WARPGROUP + WARP, BLOCKS)                                                          \
      name(TENSOR_MAP(weight0), TENSOR_MAP(weight1), TENSOR_MAP(weight2), const float* bias0, const float* bias1,         \
           const float* bias2, float* out0, float* out1, float* out2, int rows0, int rows1, int rows2, TENSOR_MAP(highs), \
           TENSOR_MAP(lows), int exact, float* residual, bf16* gatedHigh, bf16* gatedLow, int columns, int tokens) {      \
    HopperLayer layers[3] = {                                                                                             \
        {&weight0, bias0, out0, rows0}, {&weight1, bias1, out1, rows1}, {&weight2, bias2, out2, rows2}};                  \
    hopper_gemm<WARPGROUPS, BN, STAGE_COUNT>(layers, &highs, exact ? &lows : nullptr, residual, gatedHigh, gatedLow,      \
                                             columns, tokens);                                                            \
  }

// Tokens and rows of a tile; of the tiles of 128 and 128 two at a time on a multiprocessor, where there are that many: then one
// multiplies while the other stores.
HOPPER_GEMM(hopper_gemm_64_64, 1, 64, 8, 1)
HOPPER_GEMM(hopper_gemm_128_64, 2, 64, 5, 1)
HOPPER_GEMM(hopper_gemm_128_128, 2, 128, 4, 1)
HOPPER_GEMM(hopper_gemm_128_128_twice, 2, 128, 2, 2)
HOPPER_GEMM(hopper_gemm_128_192, 2, 192, 4, 1)
