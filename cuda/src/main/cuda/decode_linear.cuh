// Linear layers of up to 8 tokens with weights in bf16, as in decoding: the time it takes is the time of reading the weights.
//
// Tensor cores do the sums. They take bf16, so an activation goes in as high + low, which is exact to 2^-17, and a product of
// bf16 is exact in f32. The two are rows of the first factor; a tile of 8 rows of W is the second:
//
//      first factor, 16 x 16            W^T, 16 x 8              a block: 8 warps, TILES tiles (or pairs: gate, up)
//      token 0  high    | k ...         row 0, 1, ... 7          of 8 rows of W; each warp takes one eighth of the columns,
//      token 0  low     |               |  k                     and the sums of the warps are added in their order
//      token 1  high    |               v
//
// A row of the first factor knows nothing of the others: a token has the bits that it has alone.
//
// Weights go from memory into the registers that a tensor core reads: a lane loads 16 neighbouring bytes of a row, and which
// columns are called k is free as long as both factors agree:
//
//   32 columns     0..7     8..15    16..23   24..31
//   lane % 4         0        1        2        3              of these eight: 0..3 in the first mma, 4..7 in the second
//
// A kernel takes some 3 us, of which one is its turn (the wait for the kernel before to be over) and the rest latency. So
// weights are under way before that; what is done after it is straight code, whose instructions are cold at every launch; and
// there are registers for the next kernel's blocks beside these.
#pragma once
#include "layers.cuh"

constexpr int DECODE_WARPS = 8;
constexpr int DECODE_THREADS = DECODE_WARPS * WARP;
constexpr int DECODE_TOKENS = 8;        // at most
constexpr int DECODE_STEP = 32;         // columns of a load
constexpr int FOUR_A_LANE = 4 * WARP;   // columns that a warp brings in one load
constexpr int TERMS = 2;                // bf16 that an activation is the sum of
constexpr int DECODE_ROW_PADDING = 32;  // so that the rows of the first factor lie in different banks

// Sums of a tile that do not wait for each other.
DEVICE_MEMBER constexpr int chains(int tiles) { return tiles == 1 ? 4 : tiles == 2 ? 2 : 1; }

// Rows of the result that a block makes together.
DEVICE_MEMBER constexpr int rows_together(int tiles, bool isGated) { return isGated ? tiles / 2 * 8 : tiles * 8; }

// Shared memory of a block.
template <int TILES>
struct DecodeMemory {
  float* sums;     // [warps][TILES][rows][8]
  float* squares;  // [warps][DECODE_TOKENS]: sums of squares of the inputs
  bf16* inputs;    // [rows][stride]: the first factor
  int rows;
  int stride;

  DEVICE_MEMBER DecodeMemory(float* memory, int tokens, int columns) {
    rows = TERMS * tokens;
    stride = columns + DECODE_ROW_PADDING;
    sums = memory;
    squares = sums + DECODE_WARPS * TILES * rows * 8;
    inputs = reinterpret_cast<bf16*>(squares + DECODE_WARPS * DECODE_TOKENS);
  }

  // What the warps have for row r of a tile, for a token.
  DEVICE_MEMBER float total(int tile, int token, int r) const {
    float y = 0;
#pragma unroll
    for (int warp = 0; warp < DECODE_WARPS; warp++) {
      const float* terms = sums + ((warp * TILES + tile) * rows + TERMS * token) * 8 + r;
      y += terms[8] + terms[0];
    }
    return y;
  }

  // The scale of the RMSNorm.
  DEVICE_MEMBER float norm_scale(int token, int columns, float eps) const {
    float all = 0;
#pragma unroll
    for (int warp = 0; warp < DECODE_WARPS; warp++) {
      all += squares[warp * DECODE_TOKENS + token];
    }
    return inverse_root(all * (1.0f / columns) + eps);
  }
};

// Up to 4 LOADS columns a lane of `count` columns of a row.
template <int LOADS>
DEVICE void load_fours(float4 (&v)[LOADS], const float* row, int count) {
#pragma unroll
  for (int i = 0; i < LOADS; i++) {
    int at = i * FOUR_A_LANE + static_cast<int>(threadIdx.x) % WARP * 4;
    v[i] = {0, 0, 0, 0};
    if (at < count) {
      v[i] = *reinterpret_cast<const float4*>(row + at);
    }
  }
}

// Those, times the weights of the norm if there is one, as rows of the first factor: high, then low. Returns the sum of their
// squares.
template <int LOADS>
DEVICE float store_terms(float4 (&v)[LOADS], bool isNormed, const float4 (&by)[LOADS], int count, bf16* to, int stride) {
  float squares = 0;
#pragma unroll
  for (int i = 0; i < LOADS; i++) {
    int at = i * FOUR_A_LANE + static_cast<int>(threadIdx.x) % WARP * 4;
    if (at < count) {
      float4 x = v[i];
      if (isNormed) {
        squares += x.x * x.x + x.y * x.y + x.z * x.z + x.w * x.w;
        x.x *= by[i].x, x.y *= by[i].y, x.z *= by[i].z, x.w *= by[i].w;
      }
      uint2 high, low;
      split_pair(x.x, x.y, high.x, low.x);
      split_pair(x.z, x.w, high.y, low.y);
      *reinterpret_cast<uint2*>(to + at) = high;
      *reinterpret_cast<uint2*>(to + stride + at) = low;
    }
  }
  return squares;
}

// sum += the inputs of a step, of which `row` is this lane's, times the weights w of each tile. ROWS: 8 or 16 of the first
// factor.
template <int TILES, int ROWS>
DEVICE void add_step(float (&sum)[TILES][chains(TILES)][4], const bf16* row, const DecodeMemory<TILES>& memory,
                     const uint4 (&w)[TILES], int slot) {
  int group = static_cast<int>(threadIdx.x) % WARP / 4;
  uint4 upper = make_uint4(0, 0, 0, 0);
  uint4 lower = make_uint4(0, 0, 0, 0);
  if (group < memory.rows) {
    upper = *reinterpret_cast<const uint4*>(row);
  }
  if (ROWS > 8 && group + 8 < memory.rows) {
    lower = *reinterpret_cast<const uint4*>(row + 8 * memory.stride);
  }
  unsigned first[4] = {upper.x, lower.x, upper.y, lower.y};
  unsigned second[4] = {upper.z, lower.z, upper.w, lower.w};
#pragma unroll
  for (int i = 0; i < TILES; i++) {
    unsigned firstWeights[2] = {w[i].x, w[i].y};
    unsigned secondWeights[2] = {w[i].z, w[i].w};
    multiply_add(sum[i][slot * 2 % chains(TILES)], first, firstWeights);
    multiply_add(sum[i][(slot * 2 + 1) % chains(TILES)], second, secondWeights);
  }
}

// The sums of this warp go to shared memory.
template <int TILES, int ROWS>
DEVICE void show_sums(const float (&sum)[TILES][chains(TILES)][4], const DecodeMemory<TILES>& memory) {
  int lane = threadIdx.x % WARP;
  int warp = threadIdx.x / WARP;
#pragma unroll
  for (int i = 0; i < TILES; i++) {
#pragma unroll
    for (int half = 0; half < ROWS / 8; half++) {
      float2 y = {0, 0};
#pragma unroll
      for (int chain = 0; chain < chains(TILES); chain++) {
        y.x += sum[i][chain][2 * half];
        y.y += sum[i][chain][2 * half + 1];
      }
      int row = half * 8 + lane / 4;
      if (row < memory.rows) {
        *reinterpret_cast<float2*>(memory.sums + ((warp * TILES + i) * memory.rows + row) * 8 + lane % 4 * 2) = y;
      }
    }
  }
}

// The RMSNorm of a row, by a block of its own: the others apply it as they go, and this is for whoever reads it later.
DEVICE void norm_row(const float* x, const float* norm, float eps, int columns, float* sums, float* normed, float* selected) {
  float squares = 0;
#pragma unroll 4
  for (int i = threadIdx.x; i < columns; i += DECODE_THREADS) {
    squares += x[i] * x[i];
  }
  float scale = 1.0f / sqrtf(block_sum(squares, sums) / columns + eps);
#pragma unroll 4
  for (int i = threadIdx.x; i < columns; i += DECODE_THREADS) {
    float y = norm[i] * (x[i] * scale);
    normed[i] = y;
    if (selected != nullptr) {
      selected[i] = y;
    }
  }
}

DEVICE void norm_rows(const float* x, const float* norm, float eps, int columns, int tokens, float* sums, float* normed,
                      float* selected) {
  wait_for_previous_kernel();
  for (int t = 0; t < tokens; t++) {
    size_t at = static_cast<size_t>(t) * columns;
    norm_row(x + at, norm, eps, columns, sums, normed + at, selected == nullptr ? nullptr : selected + at);
  }
}

// What a thread makes of the sums of the warps: an element of the result.
template <int TILES, bool IS_GATED>
struct DecodeResult {
  int token;  // of those here
  int r;      // the row of the result within those that the block makes together
  float* to;
  float* upTo;
  float bias, upBias;
  float* addTo = nullptr;
  float before = 0;

  DEVICE_MEMBER DecodeResult()
      : token(threadIdx.x / rows_together(TILES, IS_GATED)), r(threadIdx.x % rows_together(TILES, IS_GATED)) {}

  // Where it goes; row: of the result.
  DEVICE_MEMBER void choose(const Layers<bf16>& layers, int firstToken, int row) {
    to = layers.place(firstToken + token, row);
    bias = layers.bias_of(row);
    if (IS_GATED) {
      upTo = layers.place(firstToken + token, layers.rows0 + row);
      upBias = layers.bias_of(layers.rows0 + row);
    }
  }

  // What it is added to: to be called after the wait.
  DEVICE_MEMBER void look_up(float* residual, int width, int firstToken, int row) {
    addTo = residual + static_cast<size_t>(firstToken + token) * width + row;
    before = *addTo;
  }

  DEVICE_MEMBER void write(const DecodeMemory<TILES>& memory, bool isNormed, float eps, int columns) const {
    float scale = isNormed ? memory.norm_scale(token, columns, eps) : 1.0f;
    float y = memory.total(r / 8, token, r % 8) * scale + bias;
    if (IS_GATED) {
      float up = memory.total(TILES / 2 + r / 8, token, r % 8) * scale + upBias;
      *upTo = up;
      y = silu(y) * up;
    }
    *to = y;
    if (addTo != nullptr) {
      *addTo = before + y;
    }
  }
};

// Where all weights of a block are loaded at once: STEPS of the columns a warp, 256 STEPS in all. The grid has a block for
// each rows_together(), which do not reach over the end of a layer, and one more for `normed`.
//
// norm, normed, selected, residual: as in linear.cuh. IS_GATED: out0 = silu(gate) up, out1 = up. blockIdx.y: `together` tokens.
template <int TILES, int STEPS, bool IS_GATED, int ROWS>
DEVICE void decode_at_once(const Layers<bf16>& layers, const float* x, const float* norm, float eps, float* normed,
                           float* selected, float* residual, int tokens, int together) {
  constexpr int COLUMNS = STEPS * DECODE_STEP * DECODE_WARPS;
  constexpr int COLUMNS_HERE = STEPS * DECODE_STEP;
  constexpr int LOADS = COLUMNS_HERE / FOUR_A_LANE;
  DYNAMIC_SHARED(float, shared);
  let_next_kernel_start();
  int firstToken = blockIdx.y * together;
  int tokensHere = min(together, tokens - firstToken);
  const DecodeMemory<TILES> memory(shared, tokensHere, COLUMNS);
  if (normed != nullptr && blockIdx.x == gridDim.x - 1) {
    if (firstToken == 0) {
      norm_rows(x, norm, eps, COLUMNS, tokens, memory.squares, normed, selected);
    }
    return;
  }

  int lane = threadIdx.x % WARP;
  int firstColumn = threadIdx.x / WARP * COLUMNS_HERE;
  int firstRow = blockIdx.x * rows_together(TILES, IS_GATED);
  int at = firstColumn + lane % 4 * 8;
  const bf16* weights = layers.row(firstRow + lane / 4, COLUMNS) + at;
  const bf16* upWeights = IS_GATED ? layers.row(layers.rows0 + firstRow + lane / 4, COLUMNS) + at : nullptr;
  uint4 w[STEPS][TILES];
#pragma unroll
  for (int step = 0; step < STEPS; step++) {
#pragma unroll
    for (int i = 0; i < TILES; i++) {
      bool isUp = IS_GATED && i >= TILES / 2;
      int tile = isUp ? i - TILES / 2 : i;
      w[step][i] = load_weights((isUp ? upWeights : weights) + tile * 8 * COLUMNS + step * DECODE_STEP);
    }
  }
  float4 by[LOADS];
  if (norm != nullptr) {
    load_fours(by, norm + firstColumn, COLUMNS_HERE);
  }
  DecodeResult<TILES, IS_GATED> result;
  bool writes = result.token < tokensHere;
  if (writes) {
    result.choose(layers, firstToken, firstRow + result.r);
  }
  wait_for_previous_kernel();

  // Each warp brings the columns that it needs itself.
#pragma unroll 1
  for (int t = 0; t < tokensHere; t++) {
    float4 v[LOADS];
    load_fours(v, x + static_cast<size_t>(firstToken + t) * COLUMNS + firstColumn, COLUMNS_HERE);
    float squares =
        store_terms(v, norm != nullptr, by, COLUMNS_HERE, memory.inputs + TERMS * t * memory.stride + firstColumn, memory.stride);
    if (norm != nullptr) {
      squares = warp_sum(squares);
      if (lane == 0) {
        memory.squares[threadIdx.x / WARP * DECODE_TOKENS + t] = squares;
      }
    }
  }
  if (residual != nullptr && writes) {
    result.look_up(residual, layers.rows0, firstToken, firstRow + result.r);
  }
  __syncwarp();

  float sum[TILES][chains(TILES)][4] = {};
#pragma unroll
  for (int step = 0; step < STEPS; step++) {
    add_step<TILES, ROWS>(sum, memory.inputs + lane / 4 * memory.stride + at + step * DECODE_STEP, memory, w[step], step);
  }
  show_sums<TILES, ROWS>(sum, memory);
  __syncthreads();
  if (writes) {
    result.write(memory, norm != nullptr, eps, COLUMNS);
  }
}

// The same for any multiple of 32 columns and any number of rows: AHEAD loads for each tile are under way all the time, the
// first before the kernel before this one has ended. The blocks take turns at the rows.
template <int TILES, int AHEAD, bool IS_GATED, int ROWS>
DEVICE void decode_in_turns(const Layers<bf16>& layers, const float* x, const float* norm, float eps, float* normed,
                            float* selected, float* residual, int columns, int tokens, int together) {
  constexpr int ROWS_TOGETHER = rows_together(TILES, IS_GATED);
  constexpr int LOADS = 4;
  DYNAMIC_SHARED(float, shared);
  let_next_kernel_start();
  int firstToken = blockIdx.y * together;
  int tokensHere = min(together, tokens - firstToken);
  const DecodeMemory<TILES> memory(shared, tokensHere, columns);
  int workers = gridDim.x - (normed != nullptr ? 1 : 0);
  if (static_cast<int>(blockIdx.x) == workers) {
    if (firstToken == 0) {
      norm_rows(x, norm, eps, columns, tokens, memory.squares, normed, selected);
    }
    return;
  }

  int lane = threadIdx.x % WARP;
  int warp = threadIdx.x / WARP;
  int perWarp = (columns / DECODE_STEP + DECODE_WARPS - 1) / DECODE_WARPS;
  int steps = max(0, min(perWarp, columns / DECODE_STEP - warp * perWarp));
  int rounds = (perWarp + AHEAD - 1) / AHEAD;
  int firstColumn = warp * perWarp * DECODE_STEP;
  int at = firstColumn + lane % 4 * 8;
  int rows = IS_GATED ? layers.rows0 : layers.rows();
  int groups = (rows + ROWS_TOGETHER - 1) / ROWS_TOGETHER;

  // Where loads are: they run ahead of the sums, into the next group of rows. Rows behind the last are loaded as the last.
  const bf16* weights[TILES];
  int loadGroup = blockIdx.x;
  int loadRound = 0;
  auto choose = [&]() {
#pragma unroll
    for (int i = 0; i < TILES; i++) {
      bool isUp = IS_GATED && i >= TILES / 2;
      int row = min(loadGroup * ROWS_TOGETHER + (isUp ? i - TILES / 2 : i) * 8 + lane / 4, rows - 1);
      weights[i] = layers.row(isUp ? layers.rows0 + row : row, columns) + at;
    }
  };
  uint4 w[AHEAD][TILES];
  auto load = [&](int slot) {
    int step = loadRound * AHEAD + slot;
#pragma unroll
    for (int i = 0; i < TILES; i++) {
      w[slot][i] = make_uint4(0, 0, 0, 0);
      if (step < steps && loadGroup < groups) {
        w[slot][i] = load_weights(weights[i] + step * DECODE_STEP);
      }
    }
  };
  auto next_round = [&]() {
    if (++loadRound == rounds) {
      loadRound = 0;
      loadGroup += workers;
      choose();
    }
  };
  choose();
#pragma unroll
  for (int slot = 0; slot < AHEAD; slot++) {
    load(slot);
  }
  next_round();
  DecodeResult<TILES, IS_GATED> result;
  wait_for_previous_kernel();

#pragma unroll 1
  for (int t = 0; t < tokensHere; t++) {
    float squares = 0;
#pragma unroll 1
    for (int done = 0; done < steps * DECODE_STEP; done += LOADS * FOUR_A_LANE) {
      float4 v[LOADS];
      load_fours(v, x + static_cast<size_t>(firstToken + t) * columns + firstColumn + done, steps * DECODE_STEP - done);
#pragma unroll
      for (int i = 0; i < LOADS; i++) {
        int from = done + i * FOUR_A_LANE;
        int count = steps * DECODE_STEP - from;
        float4 one[1] = {v[i]};
        float4 by[1];
        if (norm != nullptr) {
          load_fours(by, norm + firstColumn + from, count);
        }
        squares += store_terms(one, norm != nullptr, by, count, memory.inputs + TERMS * t * memory.stride + firstColumn + from,
                               memory.stride);
      }
    }
    if (norm != nullptr) {
      squares = warp_sum(squares);
      if (lane == 0) {
        memory.squares[warp * DECODE_TOKENS + t] = squares;
      }
    }
  }
  __syncwarp();

  const bf16* mine = memory.inputs + lane / 4 * memory.stride + at;
#pragma unroll 1
  for (int g = blockIdx.x; g < groups; g += workers) {
    float sum[TILES][chains(TILES)][4] = {};
#pragma unroll 1
    for (int round = 0; round < rounds; round++) {
#pragma unroll
      for (int slot = 0; slot < AHEAD; slot++) {
        int step = round * AHEAD + slot;
        if (step < steps) {
          add_step<TILES, ROWS>(sum, mine + step * DECODE_STEP, memory, w[slot], slot);
        }
        load(slot);
      }
      next_round();
    }
    show_sums<TILES, ROWS>(sum, memory);
    __syncthreads();
    int row = g * ROWS_TOGETHER + result.r;
    if (result.token < tokensHere && row < rows) {
      result.choose(layers, firstToken, row);
      if (residual != nullptr) {
        result.look_up(residual, layers.rows0, firstToken, row);
      }
      result.write(memory, norm != nullptr, eps, columns);
    }
    __syncthreads();
  }
}

// Where kernels overlap, this one and the next share the registers of a multiprocessor.
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
#define DECODE_BLOCKS 2
#else
#define DECODE_BLOCKS 1
#endif

// BLOCKS: how many there is to be room for.
#define DECODE(name, BLOCKS, ...)                                                                                                \
  KERNEL __launch_bounds__(DECODE_THREADS, BLOCKS)                                                                               \
      name(const bf16* weight0, const bf16* weight1, const bf16* weight2, const float* bias0, const float* bias1,        \
           const float* bias2, float* out0, float* out1, float* out2, int rows0, int rows1, int rows2, const float* x,   \
           const float* norm, float eps, float* normed, float* selected, float* residual, int columns, int tokens,       \
           int together) {                                                                                               \
    const Layers<bf16> layers = {weight0, weight1, weight2, bias0, bias1, bias2, out0, out1, out2, rows0, rows1, rows2}; \
    __VA_ARGS__;                                                                                                         \
  }
#define DECODE_AT_ONCE(name, BLOCKS, TILES, STEPS, IS_GATED, ROWS)                                                               \
  DECODE(name, BLOCKS, decode_at_once<TILES, STEPS, IS_GATED, ROWS>(layers, x, norm, eps, normed, selected, residual, tokens, together))
#define DECODE_IN_TURNS(name, TILES, AHEAD, IS_GATED, ROWS)                                                              \
  DECODE(name, DECODE_BLOCKS, decode_in_turns<TILES, AHEAD, IS_GATED, ROWS>(layers, x, norm, eps, normed, selected, residual, columns,  \
                                                             tokens, together))

// at_once: tiles, steps; in_turns: tiles. Then the rows of the first factor: 8 up to 4 tokens, 16 up to 8.
DECODE_AT_ONCE(decode_at_once_4_4_8, 1, 4, 4, false, 8)
DECODE_AT_ONCE(decode_at_once_1_8_8, 1, 1, 8, false, 8)
DECODE_AT_ONCE(decode_at_once_1_12_8, 1, 1, 12, false, 8)
DECODE_AT_ONCE(decode_gated_at_once_6_4_8, DECODE_BLOCKS, 6, 4, true, 8)
DECODE_IN_TURNS(decode_in_turns_4_8, 4, 3, false, 8)
DECODE_IN_TURNS(decode_in_turns_1_8, 1, 8, false, 8)
DECODE_IN_TURNS(decode_gated_in_turns_4_8, 4, 3, true, 8)
DECODE_AT_ONCE(decode_at_once_4_4_16, 1, 4, 4, false, 16)
DECODE_AT_ONCE(decode_at_once_1_8_16, 1, 1, 8, false, 16)
DECODE_AT_ONCE(decode_at_once_1_12_16, 1, 1, 12, false, 16)
DECODE_AT_ONCE(decode_gated_at_once_6_4_16, 1, 6, 4, true, 16)
DECODE_IN_TURNS(decode_in_turns_4_16, 4, 3, false, 16)
DECODE_IN_TURNS(decode_in_turns_1_16, 1, 8, false, 16)
DECODE_IN_TURNS(decode_gated_in_turns_4_16, 4, 3, true, 16)
