// Linear layers for 9 to 64 tokens, as in decoding many sequences together: the time is that of reading the weights, if
// they are under way early and everything else is short. With one or two blocks a multiprocessor, short means few
// instructions: loops that run once or twice are not unrolled.
//
//   y [tokens, rows] = x W^T              x is a tensor core's first factor, 16 tokens; W the second, 8 rows
//
//            columns                      a block    a tile of rows x the columns of a split
//          +------+------+------+------+  a warp     32 rows of it x every fourth part (32) of those columns
//   rows   |split0|split1|split2|split3|
//          +------+------+------+------+  The splits of a tile are a cluster. At the end each block gives its sums to the
//          |      |      |      |      |  others, token by token: a token's are joined by one of them, in the order of the
//          +------+------+------+------+  splits.
//
// Weights go straight into registers, four parts of a warp under way, the first of them before the kernel before has ended.
// A lane loads 16 neighbouring bytes of a row, and which columns a tensor core calls k is free as long as both factors agree:
//
//   columns of a part    0..7     8..15    16..23   24..31
//   lane % 4             0        1        2        3          of these eight: 0..3 in the first product, 4..7 in the second,
//                                                              the first two as k = 2t, 2t + 1, the others as 2t + 8, 2t + 9
//
// Inputs come to shared memory once a block and are made sums of two bf16 in place. Of a norm before the layer,
// y = W (x weight) scale, the weight is a matter of the inputs and the scale one of the end, so that nobody waits for it.
#pragma once
#include "layers.cuh"

constexpr int BATCH_WARPS = 8;
constexpr int TILE_TOKENS = 16;
constexpr int PART = 32;      // columns
constexpr int RING = 4;       // parts of a warp that are under way
constexpr int WARP_ROWS = 32;

// Inputs in shared memory: [part][tile of 16 tokens][4][lane], 16 bytes each, as a tensor core takes them. Lane i has eight
// columns of tokens i / 4 and i / 4 + 8, both together: high halves of the first four columns, of the second four, low halves
// of the first, of the second.
template <int TILES>
DEVICE uint4* inputs_of(uint4* inputs, int part) {
  return inputs + part * TILES * 4 * WARP;
}

DEVICE float plus_squares(float sum, float4 x) { return fmaf(x.w, x.w, fmaf(x.z, x.z, fmaf(x.y, x.y, fmaf(x.x, x.x, sum)))); }
DEVICE float4 times(float4 a, float4 b) { return {a.x * b.x, a.y * b.y, a.z * b.z, a.w * b.w}; }

// Eight columns of two tokens.
struct InputsOfLane {
  float4 first[2], second[2];

  DEVICE_MEMBER void load(const float* a, bool aThere, const float* b, bool bThere) {
#pragma unroll
    for (int i = 0; i < 2; i++) {
      first[i] = second[i] = {0, 0, 0, 0};
      if (aThere) {
        first[i] = reinterpret_cast<const float4*>(a)[i];
      }
      if (bThere) {
        second[i] = reinterpret_cast<const float4*>(b)[i];
      }
    }
  }
};

// Brings the inputs of some parts to shared memory, times the weights of a norm if there is one, and adds up the squares of
// the two tokens that this thread has to do with.
template <int TILES>
DEVICE void stage_inputs(uint4* inputs, const float* x, const float* norm, bool hasNorm, int columns, int tokens, int parts,
                         float squares[2]) {
  static_assert(BATCH_WARPS % TILES == 0, "a warp stays with its tokens");
  constexpr int STEP = BATCH_WARPS / TILES;
  constexpr int TOGETHER = TILES;  // parts whose loads are under way
  int lane = threadIdx.x % WARP;
  int warp = threadIdx.x / WARP;
  int token = warp % TILES * TILE_TOKENS + lane / 4;
  const float* first = x + static_cast<size_t>(token) * columns + lane % 4 * 8;
  const float* second = first + static_cast<size_t>(8) * columns;
#pragma unroll 1
  for (int part = warp / TILES; part < parts; part += TOGETHER * STEP) {
    InputsOfLane here[TOGETHER];
#pragma unroll
    for (int i = 0; i < TOGETHER; i++) {
      int at = part + i * STEP;
      here[i].load(first + at * PART, token < tokens && at < parts, second + at * PART, token + 8 < tokens && at < parts);
    }
#pragma unroll
    for (int i = 0; i < TOGETHER; i++) {
      int at = part + i * STEP;
      if (at < parts) {
        uint4* to = inputs_of<TILES>(inputs, at) + warp % TILES * 4 * WARP + lane;
#pragma unroll
        for (int half = 0; half < 2; half++) {  // of the columns
          float4 a = here[i].first[half];
          float4 b = here[i].second[half];
          if (hasNorm) {
            float4 weights = *reinterpret_cast<const float4*>(norm + at * PART + lane % 4 * 8 + half * 4);
            squares[0] = plus_squares(squares[0], a);
            squares[1] = plus_squares(squares[1], b);
            a = times(a, weights);
            b = times(b, weights);
          }
          uint4 high, low;
          split_pair(a.x, a.y, high.x, low.x);
          split_pair(b.x, b.y, high.y, low.y);
          split_pair(a.z, a.w, high.z, low.z);
          split_pair(b.z, b.w, high.w, low.w);
          to[half * WARP] = high;
          to[(half + 2) * WARP] = low;
        }
      }
    }
  }
}

// 32 rows of a part of the weights as a lane holds them: rows lane / 4, and 8, 16, 24 further.
constexpr int WARP_TILES = WARP_ROWS / 8;
struct RowsOfPart {
  uint4 of[WARP_TILES];
};

template <int TILES>
DEVICE void multiply(float (&sum)[TILES][WARP_TILES][4], const RowsOfPart& w, const uint4* inputs, bool isExact) {
  int lane = threadIdx.x % WARP;
#pragma unroll
  for (int m = 0; m < TILES; m++) {
#pragma unroll
    for (int half = 0; half < 2; half++) {
      if (half == 0 || isExact) {
        uint4 x = inputs[(4 * m + 2 * half) * WARP + lane];
        uint4 y = inputs[(4 * m + 2 * half + 1) * WARP + lane];
        unsigned first[4] = {x.x, x.y, x.z, x.w};
        unsigned second[4] = {y.x, y.y, y.z, y.w};
#pragma unroll
        for (int n = 0; n < WARP_TILES; n++) {
          unsigned firstRows[2] = {w.of[n].x, w.of[n].y};
          multiply_add(sum[m][n], first, firstRows);
        }
#pragma unroll
        for (int n = 0; n < WARP_TILES; n++) {
          unsigned secondRows[2] = {w.of[n].z, w.of[n].w};
          multiply_add(sum[m][n], second, secondRows);
        }
      }
    }
  }
}

// A tile of rows, of one layer: `first` of its rows and so many more. Gated: its first half are rows of the gate, its second
// the same rows of up.
struct RowTile {
  const bf16* weights;  // where the layer begins
  const float* bias;
  float* out;
  int layerRows;
  int first, rows;
};

// Tiles of 1 << shift rows.
DEVICE RowTile row_tile(const Layers<bf16>& layers, int index, int shift) {
  int size = 1 << shift;
  int tiles = (layers.rows0 + size - 1) >> shift;
  RowTile tile = {layers.weight0, layers.bias0, layers.out0, layers.rows0, 0, 0};
  if (index >= tiles) {
    index -= tiles;
    tiles = (layers.rows1 + size - 1) >> shift;
    tile = {layers.weight1, layers.bias1, layers.out1, layers.rows1, 0, 0};
    if (index >= tiles) {
      index -= tiles;
      tile = {layers.weight2, layers.bias2, layers.out2, layers.rows2, 0, 0};
    }
  }
  tile.first = index << shift;
  tile.rows = min(size, tile.layerRows - tile.first);
  return tile;
}

template <int N>
struct Log2 {
  static constexpr int value = 1 + Log2<N / 2>::value;
};

template <>
struct Log2<1> {
  static constexpr int value = 0;
};

// ROW_GROUPS: of 32 rows; the other factor of the warps share out the columns.
// norm: null, or the weight of an RMSNorm of x before the layers. residual: null, or what the result is added to.
// gated: out0 = silu(gate) up, out1 = up; takes more than one group. perSplit: parts of a split. splitShift: there are 1 << splitShift of them.
template <int TILES, int ROW_GROUPS>
DEVICE void batch(Layers<bf16> layers, const float* x, const float* norm, float eps, float* residual, int columns, int tokens,
                  int gated, int isExact, int perSplit, int splitShift) {
  constexpr int ROWS = ROW_GROUPS * WARP_ROWS;
  constexpr int COLUMN_GROUPS = BATCH_WARPS / ROW_GROUPS;
  constexpr int THREADS = BATCH_WARPS * WARP;
  constexpr int TOKENS = TILES * TILE_TOKENS;
  constexpr int TOKEN_SHIFT = Log2<TOKENS>::value;
  constexpr int ROW_SHIFT = Log2<ROWS>::value;
  constexpr int CHUNK = RING * COLUMN_GROUPS;  // parts that are there together
  constexpr int PITCH = ROWS + 8;  // so that the four tokens and four pairs of rows of half a warp are in different banks
  constexpr int QUADS = ROWS / 4;

  // Shared memory: arrived [splits][share][ROWS] | norm [CHUNK][PART] | sums [COLUMN_GROUPS][TOKENS][PITCH] | inputs. In a split
  // of one chunk the sums come where the inputs were: what shared memory does not take are more weights under way in L1.
  DYNAMIC_SHARED(float, arrived);
  float* normHere = arrived + TOKENS * ROWS;
  float* sums = normHere + CHUNK * PART;
  bool isOneChunk = perSplit <= CHUNK;
  uint4* inputs = reinterpret_cast<uint4*>(isOneChunk ? sums : sums + COLUMN_GROUPS * TOKENS * PITCH);
  SHARED(float[THREADS / 2], squares);
  SHARED(float[TOKENS], arrivedSquares);  // [splits][share]
  SHARED(RowTile, tile);  // for the end, so that it takes no registers until then

  announce_to_cluster();
  int lane = threadIdx.x % WARP;
  int warp = threadIdx.x / WARP;
  int columnGroup = warp % COLUMN_GROUPS;
  int rowGroup = warp / COLUMN_GROUPS;
  int shareShift = TOKEN_SHIFT - splitShift;  // a block joins the sums of 1 << shareShift tokens
  int from = blockIdx.x * perSplit;
  int to = min(from + perSplit, columns / PART);
  int firstToken = blockIdx.z * TOKENS;

  // For a row that is not there another one is loaded, and its result goes nowhere.
  int rowShift = gated ? ROW_SHIFT - 1 : ROW_SHIFT;
  RowTile loaded = row_tile(layers, blockIdx.y, rowShift);
  if (threadIdx.x == 0) {
    tile = loaded;
  }
  bool isUp = gated && rowGroup * WARP_ROWS >= ROWS / 2;
  int row = rowGroup * WARP_ROWS - (isUp ? ROWS / 2 : 0) + lane / 4;
  int rowsLeft = loaded.rows - row;
  const bf16* weights = (isUp ? layers.weight1 : loaded.weights) +
                        static_cast<size_t>(loaded.first + min(row, loaded.rows - 1)) * columns +
                        (from + columnGroup) * PART + lane % 4 * 8;

  float* mySums = sums + (columnGroup * TOKENS + lane / 4) * PITCH + rowGroup * WARP_ROWS + lane % 4 * 2;
  int first = from;
#pragma unroll 1
  do {
    RowsOfPart ring[RING];
#pragma unroll
    for (int i = 0; i < RING; i++) {
      bool there = first + i * COLUMN_GROUPS + columnGroup < to;
#pragma unroll
      for (int j = 0; j < WARP_TILES; j++) {
        const bf16* of = weights + (j * 8 < rowsLeft ? j * 8 * columns : 0);
        ring[i].of[j] = there ? load_weights(of + i * COLUMN_GROUPS * PART) : make_uint4(0, 0, 0, 0);
      }
    }
    weights += CHUNK * PART;
    int here = min(CHUNK, to - first);
    if (norm != nullptr) {
#pragma unroll 1
      for (int i = threadIdx.x; i < here * PART; i += THREADS) {
        normHere[i] = norm[first * PART + i];
      }
    }
    __syncthreads();  // the inputs before these are done with, and the weights of the norm are there
    wait_for_previous_kernel();
    float squaresHere[2] = {0, 0};
    stage_inputs<TILES>(inputs, x + static_cast<size_t>(firstToken) * columns + first * PART, normHere, norm != nullptr, columns,
                        tokens - firstToken, here, squaresHere);
#pragma unroll
    for (int i = 0; i < 2; i++) {  // four lanes have the same two tokens
      squaresHere[i] += __shfl_xor_sync(ALL_LANES, squaresHere[i], 1);
      squaresHere[i] += __shfl_xor_sync(ALL_LANES, squaresHere[i], 2);
      float& all = squares[warp * TILE_TOKENS + i * 8 + lane / 4];
      if (lane % 4 == 0) {
        all = first == from ? squaresHere[i] : all + squaresHere[i];
      }
    }
    __syncthreads();
    float sum[TILES][WARP_TILES][4] = {};
#pragma unroll
    for (int i = 0; i < RING; i++) {
      int part = i * COLUMN_GROUPS + columnGroup;
      if (part < here) {
        multiply<TILES>(sum, ring[i], inputs_of<TILES>(inputs, part), isExact);
      }
    }
    if (isOneChunk) {
      __syncthreads();
    }
    // Sums wait for the next chunk in shared memory: in registers they would be in the way of its inputs.
#pragma unroll
    for (int m = 0; m < TILES; m++) {
#pragma unroll
      for (int n = 0; n < WARP_TILES; n++) {
#pragma unroll
        for (int i = 0; i < 2; i++) {
          float2& all = *reinterpret_cast<float2*>(mySums + (m * TILE_TOKENS + i * 8) * PITCH + n * 8);
          float2 pair = {sum[m][n][2 * i], sum[m][n][2 * i + 1]};
          if (first != from) {
            pair = {all.x + pair.x, all.y + pair.y};
          }
          all = pair;
        }
      }
    }
    first += CHUNK;
  } while (first < to);
  __syncthreads();

  // To the block that joins the splits of a token.
  wait_for_cluster();
  auto place_of = [&](int token) { return (blockIdx.x << shareShift) + (token & ((1 << shareShift) - 1)); };
#pragma unroll 1
  for (int i = threadIdx.x; i < TOKENS * QUADS; i += THREADS) {
    int token = i / QUADS;
    const float* at = sums + token * PITCH + i % QUADS * 4;
    float4 total = *reinterpret_cast<const float4*>(at);
#pragma unroll
    for (int k = 1; k < COLUMN_GROUPS; k++) {
      float4 more = *reinterpret_cast<const float4*>(at + k * TOKENS * PITCH);
      total = {total.x + more.x, total.y + more.y, total.z + more.z, total.w + more.w};
    }
    store_to_block(arrived + place_of(token) * ROWS + i % QUADS * 4, total, token >> shareShift);
  }
  if (static_cast<int>(threadIdx.x) < TOKENS) {
    float total = 0;
#pragma unroll
    for (int i = 0; i < BATCH_WARPS / TILES; i++) {
      total += squares[i * TOKENS + threadIdx.x];
    }
    store_to_block(arrivedSquares + place_of(threadIdx.x), total, threadIdx.x >> shareShift);
  }
  cluster_barrier();

#pragma unroll 1
  for (int i = threadIdx.x; i < 1 << (shareShift + rowShift); i += THREADS) {
    int t = i >> rowShift;
    int r = i & ((1 << rowShift) - 1);
    int token = (blockIdx.x << shareShift) + t;
    if (firstToken + token < tokens && r < tile.rows) {
      int row = tile.first + r;
      size_t place = static_cast<size_t>(firstToken + token) * tile.layerRows + row;
      float before = residual != nullptr ? residual[place] : 0.0f;
      float y = 0;
      float up = 0;
      float total = 0;
      const float* at = arrived + t * ROWS + r;
#pragma unroll 1
      for (int s = 0; s < 1 << splitShift; s++) {
        y += at[0];
        up += at[gated ? ROWS / 2 : 0];
        total += arrivedSquares[(s << shareShift) + t];
        at += ROWS << shareShift;
      }
      if (norm != nullptr) {
        float scale = 1.0f / sqrtf(total / columns + eps);
        y *= scale;
        up *= scale;
      }
      if (tile.bias != nullptr) {
        y += tile.bias[row];
      }
      if (gated) {
        if (layers.bias1 != nullptr) {
          up += layers.bias1[row];
        }
        layers.out1[place] = up;
        y = silu(y) * up;
      }
      tile.out[place] = y;
      if (residual != nullptr) {
        residual[place] = before + y;
      }
    }
  }
}

// A layer of very many rows, the LM head: a block has the inputs of all columns, and each warp goes through tiles of 32 rows
// by itself, its weights always under way, with no barrier to the end.
template <int TILES>
DEVICE void batch_head(Layers<bf16> layers, const float* x, int columns, int tokens, int isExact) {
  constexpr int TOKENS = TILES * TILE_TOKENS;
  DYNAMIC_SHARED(uint4, inputs);
  int lane = threadIdx.x % WARP;
  int warps = gridDim.x * BATCH_WARPS;
  int parts = columns / PART;
  int rows = layers.rows0;
  int tiles = (rows + WARP_ROWS - 1) / WARP_ROWS;
  int firstToken = blockIdx.y * TOKENS;
  int tile = threadIdx.x / WARP * gridDim.x + blockIdx.x;

  int nextTile = tile;
  int nextPart = 0;
  const bf16* next[WARP_TILES];
  auto choose = [&] {
#pragma unroll
    for (int i = 0; i < WARP_TILES; i++) {
      int row = min(nextTile * WARP_ROWS + i * 8 + lane / 4, rows - 1);
      next[i] = layers.weight0 + static_cast<size_t>(row) * columns + lane % 4 * 8;
    }
  };
  auto load = [&](RowsOfPart& w) {
#pragma unroll
    for (int i = 0; i < WARP_TILES; i++) {
      w.of[i] = nextTile < tiles ? load_weights(next[i] + nextPart * PART) : make_uint4(0, 0, 0, 0);
    }
    if (++nextPart == parts) {
      nextPart = 0;
      nextTile += warps;
      choose();
    }
  };
  RowsOfPart ring[RING];
  choose();
#pragma unroll
  for (int i = 0; i < RING; i++) {
    load(ring[i]);
  }

  wait_for_previous_kernel();
  float squares[2] = {0, 0};
  stage_inputs<TILES>(inputs, x + static_cast<size_t>(firstToken) * columns, nullptr, false, columns, tokens - firstToken, parts,
                      squares);
  __syncthreads();

  int part = 0;
  float sum[TILES][WARP_TILES][4] = {};
  while (tile < tiles) {
#pragma unroll
    for (int i = 0; i < RING; i++) {
      if (tile < tiles) {
        multiply<TILES>(sum, ring[i], inputs_of<TILES>(inputs, part), isExact);
        load(ring[i]);
        if (++part == parts) {
#pragma unroll
          for (int m = 0; m < TILES; m++) {
#pragma unroll
            for (int n = 0; n < WARP_TILES; n++) {
#pragma unroll
              for (int j = 0; j < 4; j++) {
                int token = firstToken + m * TILE_TOKENS + lane / 4 + j / 2 * 8;
                int row = tile * WARP_ROWS + n * 8 + lane % 4 * 2 + j % 2;
                if (token < tokens && row < rows) {
                  layers.store(token, row, sum[m][n][j]);
                }
                sum[m][n][j] = 0;
              }
            }
          }
          part = 0;
          tile += warps;
        }
      }
    }
  }
}

// Where the blocks of the next kernel may lie beside those of this one, there must be registers for both.
#if __CUDA_ARCH__ >= 900
#define BATCH_BLOCKS 2
#else
#define BATCH_BLOCKS 1
#endif

#define BATCH(name, TILES, ROW_GROUPS)                                                                                  \
  KERNEL __launch_bounds__(BATCH_WARPS* WARP, BATCH_BLOCKS)                                                                        \
      name(const bf16* weight0, const bf16* weight1, const bf16* weight2, const float* bias0, const float* bias1,       \
           const float* bias2, float* out0, float* out1, float* out2, int rows0, int rows1, int rows2, const float* x,  \
           const float* norm, float eps, float* residual, int columns, int tokens, int gated, int isExact,              \
           int perSplit, int splitShift) {                                                                              \
    batch<TILES, ROW_GROUPS>(                                                                                           \
        {weight0, weight1, weight2, bias0, bias1, bias2, out0, out1, out2, rows0, rows1, rows2}, x, norm, eps, residual, \
        columns, tokens, gated, isExact, perSplit, splitShift);                                                         \
  }

BATCH(batch_narrow_16, 1, 1)
BATCH(batch_narrow_32, 2, 1)
BATCH(batch_16, 1, 2)
BATCH(batch_32, 2, 2)
BATCH(batch_wide_16, 1, 4)
BATCH(batch_wide_32, 2, 4)

#define BATCH_HEAD(name, TILES)                                                                                            \
  KERNEL __launch_bounds__(BATCH_WARPS* WARP)                                                                              \
      name(const bf16* weight0, const bf16* weight1, const bf16* weight2, const float* bias0, const float* bias1,          \
           const float* bias2, float* out0, float* out1, float* out2, int rows0, int rows1, int rows2, const float* x,     \
           int columns, int tokens, int isExact) {                                                                         \
    batch_head<TILES>({weight0, weight1, weight2, bias0, bias1, bias2, out0, out1, out2, rows0, rows1, rows2}, x, columns, \
                      tokens, isExact);                                                                                    \
  }

BATCH_HEAD(batch_head_16, 1)
BATCH_HEAD(batch_head_32, 2)
