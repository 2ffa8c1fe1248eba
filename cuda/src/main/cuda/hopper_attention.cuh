// Causal attention of many rows of one sequence on Hopper (FlashAttention-3: Shah et al., 2024). What a block works on is told
// in prefill_rows.cuh, the form of its numbers in prepare_attention.cuh.
//
//   a block: two warpgroups with 64 rows each, and a third one of which a thread copies
//
//   in shared memory, 64 columns a panel:     K [STAGES][panels][64 keys][64]
//                                             V [STAGES][panels][64 keys][64]
//                                             low halves of the queries [warpgroup][panels][64 rows][64]
//
//   tensor cores      ==Q K(t+1)==|===P V(t)====|           ==Q K(t+2)==|==P V(t+1)===|
//   a warpgroup       asks        | makes weights| P of     asks        | makes weights|
//                     for both    | of scores    | them     for both    | of scores    |
//
// P and the high halves of the queries are factors in registers. The warpgroups do not wait for each other: while one is busy
// with its weights, the tensor cores are the other's.
#pragma once
#include "prefill_rows.cuh"
#include "wgmma_rows.cuh"

constexpr int HOPPER_KEYS = 64;
constexpr int HOPPER_THREADS = PREFILL_THREADS + WARPGROUP;
constexpr int HOPPER_PANEL = 64 * SWIZZLED_COLUMNS;

template <int D, int STAGES, bool EXACT>
struct HopperTiles {
  static constexpr int WIDTH = EXACT ? 2 * D : D;
  static constexpr int TILE = HOPPER_KEYS * WIDTH;
  static constexpr int PANELS = WIDTH / SWIZZLED_COLUMNS;
  static constexpr int QUERY_LOW = EXACT ? PREFILL_ROWS * D : 0;
  bf16* memory;

  DEVICE_MEMBER bf16* keys(int tile) const { return memory + tile % STAGES * TILE; }
  DEVICE_MEMBER bf16* values(int tile) const { return memory + (STAGES + tile % STAGES) * TILE; }
  DEVICE_MEMBER bf16* query_low() const { return memory + 2 * STAGES * TILE; }

  // Full: the bytes are there. Free: all warps have used them.
  DEVICE_MEMBER uint64* barriers() const { return reinterpret_cast<uint64*>(query_low() + QUERY_LOW); }
  DEVICE_MEMBER uint64* keys_full(int tile) const { return barriers() + tile % STAGES; }
  DEVICE_MEMBER uint64* keys_free(int tile) const { return barriers() + STAGES + tile % STAGES; }
  DEVICE_MEMBER uint64* values_full(int tile) const { return barriers() + 2 * STAGES + tile % STAGES; }
  DEVICE_MEMBER uint64* values_free(int tile) const { return barriers() + 3 * STAGES + tile % STAGES; }
  DEVICE_MEMBER uint64* query_full() const { return barriers() + 4 * STAGES; }
  DEVICE_MEMBER int* note() const { return reinterpret_cast<int*>(barriers() + 4 * STAGES + 1); }
  DEVICE_MEMBER static int phase(int tile) { return tile / STAGES % 2; }

  DEVICE_MEMBER void make_barriers() const {
    for (int i = 0; i < STAGES; i++) {
      make_barrier(keys_full(i), 1);
      make_barrier(keys_free(i), PREFILL_THREADS / WARP);
      make_barrier(values_full(i), 1);
      make_barrier(values_free(i), PREFILL_THREADS / WARP);
    }
    make_barrier(query_full(), 1);
    fence_barriers();
  }

  DEVICE_MEMBER static void copy_panels(bf16* to, const TensorMap* map, const PrefillBlock& block, int tile, uint64* full) {
    arrive_expecting(full, TILE * static_cast<int>(sizeof(bf16)));
#pragma unroll
    for (int i = 0; i < PANELS; i++) {
      copy_box(to + i * HOPPER_PANEL, map, block.kvHead * WIDTH + i * SWIZZLED_COLUMNS, (block.firstTile + tile) * HOPPER_KEYS,
               full);
    }
  }

  DEVICE_MEMBER void copy_keys(const TensorMap* map, const PrefillBlock& block, int tile) const {
    if (tile < block.tiles) {
      if (tile >= STAGES) {
        wait_for_phase(keys_free(tile), phase(tile - STAGES));
      }
      copy_panels(keys(tile), map, block, tile, keys_full(tile));
    }
  }

  DEVICE_MEMBER void copy_values(const TensorMap* map, const PrefillBlock& block, int tile) const {
    if (tile >= STAGES) {
      wait_for_phase(values_free(tile), phase(tile - STAGES));
    }
    copy_panels(values(tile), map, block, tile, values_full(tile));
  }

  DEVICE_MEMBER void copy_query_low(const TensorMap* map, const PrefillBlock& block) const {
    arrive_expecting(query_full(), QUERY_LOW * static_cast<int>(sizeof(bf16)));
#pragma unroll
    for (int i = 0; i < QUERY_LOW / HOPPER_PANEL; i++) {
      int panel = i % (D / SWIZZLED_COLUMNS);
      int warpgroup = i / (D / SWIZZLED_COLUMNS);
      copy_box(query_low() + i * HOPPER_PANEL, map, D + panel * SWIZZLED_COLUMNS,
               block.kvHead * block.rows + block.row + warpgroup * 64, query_full());
    }
  }

  // In the order of use.
  DEVICE_MEMBER void copy(const TensorMap* queryMap, const TensorMap* keyMap, const TensorMap* valueMap,
                          const PrefillBlock& block) const {
    copy_keys(keyMap, block, 0);
    if (EXACT) {
      copy_query_low(queryMap, block);
    }
    for (int tile = 0; tile < block.tiles; tile++) {
      copy_keys(keyMap, block, tile + 1);
      copy_values(valueMap, block, tile);
    }
  }
};

// What a thread of a warpgroup holds.
template <int D, int STAGES, bool EXACT>
struct HopperRows {
  typedef HopperTiles<D, STAGES, EXACT> Tiles;
  const bf16* queryLow;  // of the warpgroup
  unsigned queryHigh[D / 16][4];
  float scores[HOPPER_KEYS / 2];
  unsigned weightHigh[HOPPER_KEYS / 16][4];
  unsigned weightLow[HOPPER_KEYS / 16][4];
  float sum[D / 2];

  DEVICE_MEMBER void begin(const bf16* queries, const PrefillBlock& block, const bf16* low) {
    int lane = threadIdx.x % WARP;
    int row = block.row + static_cast<int>(threadIdx.x) / WARP * 16 + lane / 4;
    queryLow = low;
    const bf16* mine = queries + static_cast<size_t>(block.kvHead) * block.rows * Tiles::WIDTH;
#pragma unroll
    for (int k = 0; k < D / 16; k++) {
#pragma unroll
      for (int i = 0; i < 4; i++) {
        int at = row + i % 2 * 8;
        const bf16* from = mine + static_cast<size_t>(at) * Tiles::WIDTH + k * 16 + lane % 4 * 2 + i / 2 * 8;
        queryHigh[k][i] = at < block.rows ? *reinterpret_cast<const unsigned*>(from) : 0;
      }
    }
#pragma unroll
    for (int i = 0; i < D / 2; i++) {
      sum[i] = 0;
    }
  }

  DEVICE_MEMBER void clear_scores() {
#pragma unroll
    for (int i = 0; i < HOPPER_KEYS / 2; i++) {
      scores[i] = 0;
    }
  }

  // Asks for scores += queries keys^T.
  DEVICE_MEMBER void score(const bf16* keys) {
#pragma unroll
    for (int k = 0; k < D / 16; k++) {
      int at = k / 4 * HOPPER_PANEL + k % 4 * 16;
      uint64 high = matrix_at(keys) + further(at);
      if (EXACT) {
        multiply_async(scores, matrix_at(queryLow) + further(at), high);
        multiply_async<false>(scores, queryHigh[k], high + further(HOPPER_KEYS * D));
      }
      multiply_async<false>(scores, queryHigh[k], high);
    }
    commit_products();
  }

  // Asks for sum += weights values.
  DEVICE_MEMBER void add_values(const bf16* values) {
#pragma unroll
    for (int k = 0; k < HOPPER_KEYS / 16; k++) {
      uint64 high = panels_at(values, HOPPER_PANEL) + further(k * 16 * SWIZZLED_COLUMNS);
      if (EXACT) {
        multiply_async<true>(sum, weightLow[k], high);
        multiply_async<true>(sum, weightHigh[k], high + further(HOPPER_KEYS * D));
      }
      multiply_async<true>(sum, weightHigh[k], high);
    }
    commit_products();
  }

  // The layout of scores is that of a first factor, two tiles of 8 columns making one of 16.
  DEVICE_MEMBER void pack_weights() {
#pragma unroll
    for (int k = 0; k < HOPPER_KEYS / 16; k++) {
#pragma unroll
      for (int i = 0; i < 4; i++) {
        unsigned low;
        split_pair(scores[k * 8 + i * 2], scores[k * 8 + i * 2 + 1], weightHigh[k][i], EXACT ? weightLow[k][i] : low);
      }
    }
  }

  DEVICE_MEMBER void hold_factors() {
    hold(weightHigh);
    if (EXACT) {
      hold(weightLow);
    }
  }
};

template <int D, int STAGES, bool EXACT>
DEVICE void hopper_attention(const TensorMap* queryMap, const TensorMap* keyMap, const TensorMap* valueMap, const bf16* queries,
                             const int* positions, PrefillParts parts, PrefillResult result, int heads, int kvHeads, int tokens) {
  SWIZZLED_SHARED(bf16, memory);
  HopperTiles<D, STAGES, EXACT> tiles = {memory};
  if (threadIdx.x == 0) {
    tiles.make_barriers();
  }
  __syncthreads();
  wait_for_previous_kernel();
  PrefillBlock block = PrefillBlock::find<HOPPER_KEYS>(positions, heads, kvHeads, tokens);
  if (block.tiles <= 0) {
    return;
  }
  if (threadIdx.x >= PREFILL_THREADS) {
    give_registers();
    if (threadIdx.x == PREFILL_THREADS) {
      tiles.copy(queryMap, keyMap, valueMap, block);
    }
    return;
  }
  take_registers();
  bool arrives = threadIdx.x % WARP == 0;
  HopperRows<D, STAGES, EXACT> rows;
  rows.begin(queries, block, tiles.query_low() + threadIdx.x / WARPGROUP * 64 * D);
  PrefillSoftmax softmax;
  softmax.begin(block);
  auto arrive_at = [&](uint64* barrier) {
    if (arrives) {
      arrive(barrier);
    }
  };

  if (EXACT) {
    wait_for_phase(tiles.query_full(), 0);
  }
  wait_for_phase(tiles.keys_full(0), 0);
  rows.clear_scores();
  hold(rows.scores);
  begin_products();
  rows.score(tiles.keys(0));
  wait_for_products<0>();
  hold(rows.scores);
  arrive_at(tiles.keys_free(0));
  softmax.weigh(rows.scores, block.firstTile * HOPPER_KEYS);
  rows.pack_weights();

  for (int tile = 0; tile + 1 < block.tiles; tile++) {
    wait_for_phase(tiles.keys_full(tile + 1), tiles.phase(tile + 1));
    wait_for_phase(tiles.values_full(tile), tiles.phase(tile));
    rows.clear_scores();
    hold(rows.scores);
    hold(rows.sum);
    rows.hold_factors();
    begin_products();
    rows.score(tiles.keys(tile + 1));
    rows.add_values(tiles.values(tile));
    wait_for_products<1>();
    hold(rows.scores);
    arrive_at(tiles.keys_free(tile + 1));
    softmax.weigh(rows.scores, (block.firstTile + tile + 1) * HOPPER_KEYS);
    wait_for_products<0>();
    hold(rows.sum);
    rows.hold_factors();
    arrive_at(tiles.values_free(tile));
    softmax.scale(rows.sum);
    rows.pack_weights();
  }

  wait_for_phase(tiles.values_full(block.tiles - 1), tiles.phase(block.tiles - 1));
  hold(rows.sum);
  rows.hold_factors();
  begin_products();
  rows.add_values(tiles.values(block.tiles - 1));
  wait_for_products<0>();
  hold(rows.sum);
  rows.hold_factors();
  finish_rows<D>(rows.sum, softmax, block, parts, tiles.note(), result, heads);
}

#define HOPPER_ATTENTION(name, D, STAGES, EXACT)                                                                        \
  KERNEL __launch_bounds__(HOPPER_THREADS, 1)                                                                           \
      name(TENSOR_MAP(queryMap), TENSOR_MAP(keyMap), TENSOR_MAP(valueMap), const bf16* queries, const int* positions,   \
           float* parts, int* ended, float* out, bf16* high, bf16* low, int heads, int kvHeads, int tokens) {           \
    hopper_attention<D, STAGES, EXACT>(&queryMap, &keyMap, &valueMap, queries, positions, {parts, ended},               \
                                       {out, high, low}, heads, kvHeads, tokens);                                       \
  }

HOPPER_ATTENTION(hopper_attention_64, 64, 2, true)
HOPPER_ATTENTION(hopper_attention_128, 128, 2, true)
HOPPER_ATTENTION(hopper_attention_rounded_64, 64, 3, false)
HOPPER_ATTENTION(hopper_attention_rounded_128, 128, 3, false)
