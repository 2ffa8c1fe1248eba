// Operations on rows of activations, one after the other as the model states them.
#pragma once
#include "device.cuh"

// Element i of a row of a table.
DEVICE float number(const bf16* row, int, int i) { return widen(row[i]); }
DEVICE float number(const float* row, int, int i) { return row[i]; }
DEVICE float number(const q8* row, int columns, int i) {
  return static_cast<float>(static_cast<int>(row[i].level) - 128) * scale_of(row, columns, i);
}

// x[t] = table[tokenIds[t]]. A block a token.
template <class W>
DEVICE void embed(const W* table, const int* tokenIds, float* x, int columns) {
  wait_for_previous_kernel();
  const W* from = table + tokenIds[blockIdx.x] * row_length<W>(columns);
  for (int i = threadIdx.x; i < columns; i += blockDim.x) {
    x[static_cast<size_t>(blockIdx.x) * columns + i] = number(from, columns, i);
  }
}

KERNEL embed_bf16(const bf16* table, const int* tokenIds, float* x, int columns) { embed(table, tokenIds, x, columns); }
KERNEL embed_f32(const float* table, const int* tokenIds, float* x, int columns) { embed(table, tokenIds, x, columns); }
KERNEL embed_q8(const q8* table, const int* tokenIds, float* x, int columns) { embed(table, tokenIds, x, columns); }

// out = weight x / sqrt(mean(x^2) + eps). A block a row; the fused kernels of linear.cuh add in this very order. high, low:
// null, or where the result also goes as what tensor cores take.
KERNEL rms_norm(const float* x, const float* weight, float eps, int columns, float* out, bf16* high, bf16* low) {
  SHARED(float[WARP], sums);
  wait_for_previous_kernel();
  const float* in = x + static_cast<size_t>(blockIdx.x) * columns;
  float* result = out + static_cast<size_t>(blockIdx.x) * columns;
  float squares = 0;
  for (int i = threadIdx.x; i < columns; i += blockDim.x) {
    squares += in[i] * in[i];
  }
  float scale = 1.0f / sqrtf(block_sum(squares, sums) / columns + eps);
  for (int i = threadIdx.x; i < columns; i += blockDim.x) {
    float y = weight[i] * (in[i] * scale);
    result[i] = y;
    if (high != nullptr) {
      size_t at = static_cast<size_t>(blockIdx.x) * columns + i;
      store_split(y, high, low, at);
    }
  }
}

// The scale of one head, a warp together.
DEVICE float head_scale(const float* head, float eps, int headDim) {
  float squares = 0;
  for (int i = threadIdx.x % WARP; i < headDim; i += WARP) {
    squares += head[i] * head[i];
  }
  return 1.0f / sqrtf(warp_sum(squares) / headDim + eps);
}

// The norm of each head. A warp a head; out may be x.
KERNEL head_norm(const float* x, const float* weight, float eps, int headDim, int heads, float* out) {
  wait_for_previous_kernel();
  int head = (blockIdx.x * blockDim.x + threadIdx.x) / WARP;
  if (head >= heads) {
    return;
  }
  const float* in = x + static_cast<size_t>(head) * headDim;
  float scale = head_scale(in, eps, headDim);
  for (int i = threadIdx.x % WARP; i < headDim; i += WARP) {
    out[static_cast<size_t>(head) * headDim + i] = weight[i] * (in[i] * scale);
  }
}

// Split halves: element i turns with element i + half. A block a token; angles hold [cosines, sines] of each token.
KERNEL rope(float* x, const float* angles, int half, int heads) {
  wait_for_previous_kernel();
  const float* cosines = angles + static_cast<size_t>(blockIdx.x) * 2 * half;
  const float* sines = cosines + half;
  float* row = x + static_cast<size_t>(blockIdx.x) * heads * 2 * half;
  for (int i = threadIdx.x; i < heads * half; i += blockDim.x) {
    float* head = row + i / half * 2 * half;
    int at = i % half;
    float a = head[at];
    float b = head[at + half];
    head[at] = a * cosines[at] - b * sines[at];
    head[at + half] = b * cosines[at] + a * sines[at];
  }
}

// gate = silu(gate) up; high, low: as in rms_norm.
KERNEL silu_mul(float* gate, const float* up, int count, bf16* high, bf16* low) {
  wait_for_previous_kernel();
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count) {
    float y = silu(gate[i]) * up[i];
    gate[i] = y;
    if (high != nullptr) {
      store_split(y, high, low, i);
    }
  }
}

// x = x + branch
KERNEL add(float* x, const float* branch, int count) {
  wait_for_previous_kernel();
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count) {
    x[i] += branch[i];
  }
}

// out[i] = x[rows[i]]. A block a row.
KERNEL gather(const float* x, const int* rows, float* out, int columns) {
  wait_for_previous_kernel();
  const float* from = x + static_cast<size_t>(rows[blockIdx.x]) * columns;
  for (int i = threadIdx.x; i < columns; i += blockDim.x) {
    out[static_cast<size_t>(blockIdx.x) * columns + i] = from[i];
  }
}
