// Linear layers for a few tokens: every weight is read once, and the time it takes is the time of reading.
//
//   a block: 8 warps. A team of `split` warps works on two rows of the weights at a time; each warp of the team takes a
//   part of the columns, 16 bytes a lane.
//
//   row r    |lane 0 |lane 1 | ... |lane 31|lane 0 | ...      part 0 | part 1 | ...
//   row r+1  |lane 0 |lane 1 | ... |lane 31|lane 0 | ...
//
// Up to three layers of the same input are one matrix here, row after row: q, k, v. A pair of rows may instead be row r of
// the gate and row r of up. The sum of an output element has one order, whatever the number of tokens.
#pragma once
#include "layers.cuh"

constexpr int LINEAR_WARPS = 8;
constexpr int LINEAR_UNROLL = 4;  // 16-byte loads under way for each of the two rows

// Where the eight floats that meet one load of weights lie in shared memory: the first four of all chunks, then the second
// four, so that a quarter of a warp reads 128 neighbouring bytes.
DEVICE int staged(int column, int columns) {
  int chunk = column / 8;
  int at = column % 8;
  return at < 4 ? chunk * 4 + at : columns / 2 + chunk * 4 + at - 4;
}

// norm: null, or the weight of an RMSNorm of x before the layers. normed, selected: null, or where its result also goes.
// residual: null, or what the result is added to. gated: out0 = silu(gate) up, out1 = up.
template <class W, int T>
DEVICE void linear(Layers<W> layers, const float* x, const float* norm, float eps, float* normed, float* selected,
                   float* residual, int columns, int tokens, int split, int gated) {
  DYNAMIC_SHARED(float, inputs);  // [T][columns], staged
  SHARED(float[LINEAR_WARPS], sums);
  SHARED(float[LINEAR_WARPS][2 * T], partial);
  int lane = threadIdx.x % WARP;
  int warp = threadIdx.x / WARP;
  int part = warp % split;
  int teams = LINEAR_WARPS / split;
  int pairs = gated ? layers.rows0 : (layers.rows() + 1) / 2;
  int chunks = columns / 8;
  int chunksPerPart = (chunks + split * WARP - 1) / (split * WARP) * WARP;
  int to = min(chunks, (part + 1) * chunksPerPart);

  // The first load of weights is under way before the kernel before this one has ended.
  Eight<W> w[2][LINEAR_UNROLL];
  const W* rows[2];
  auto choose = [&](int pair) {
    int first = gated ? pair : 2 * pair;
    int second = gated ? pair + layers.rows0 : 2 * pair + 1;
    rows[0] = pair < pairs ? layers.row(first, columns) : nullptr;
    rows[1] = pair < pairs && second < layers.rows() ? layers.row(second, columns) : nullptr;
  };
  auto load = [&](int chunk) {
#pragma unroll
    for (int u = 0; u < LINEAR_UNROLL; u++) {
#pragma unroll
      for (int r = 0; r < 2; r++) {
        int at = chunk + u * WARP;
        if (rows[r] != nullptr && at < to) {
          w[r][u].load(rows[r], at, columns);
        } else {
          w[r][u].clear();
        }
      }
    }
  };
  int firstChunk = part * chunksPerPart + lane;
  choose(blockIdx.x * teams + warp / split);
  load(firstChunk);
  bool loaded = true;

  // And so are the weights of the norm, which come from as far: they lie where the inputs of token 0 will, and each thread
  // reads what it has written.
  for (int i = threadIdx.x; norm != nullptr && i < columns; i += blockDim.x) {
    inputs[staged(i, columns)] = norm[i];
  }

  wait_for_previous_kernel();
  int firstToken = blockIdx.y * T;
  for (int t = T - 1; t >= 0; t--) {
    bool there = firstToken + t < tokens;
    const float* in = x + static_cast<size_t>(firstToken + t) * columns;
    float scale = 0;
    if (norm != nullptr) {
      float squares = 0;
      for (int i = threadIdx.x; there && i < columns; i += blockDim.x) {
        squares += in[i] * in[i];
      }
      scale = 1.0f / sqrtf(block_sum(squares, sums) / columns + eps);
    }
    for (int i = threadIdx.x; i < columns; i += blockDim.x) {
      float value = there ? in[i] : 0.0f;
      if (norm != nullptr) {
        value = inputs[staged(i, columns)] * (value * scale);
        if (there && blockIdx.x == 0) {
          size_t at = static_cast<size_t>(firstToken + t) * columns + i;
          if (normed != nullptr) {
            normed[at] = value;
          }
          if (selected != nullptr) {
            selected[at] = value;
          }
        }
      }
      inputs[t * columns + staged(i, columns)] = value;
    }
  }
  __syncthreads();

  for (int base = blockIdx.x * teams; base < pairs; base += gridDim.x * teams) {
    int pair = base + warp / split;
    if (!loaded) {
      choose(pair);
    }
    float sum[2][T] = {};
    for (int chunk = firstChunk; chunk - lane < to; chunk += LINEAR_UNROLL * WARP) {
      if (!loaded) {
        load(chunk);
      }
      loaded = false;
#pragma unroll
      for (int u = 0; u < LINEAR_UNROLL; u++) {
        int at = chunk + u * WARP;
        if (at < to) {
          float a[8], b[8];
          w[0][u].numbers(a);
          w[1][u].numbers(b);
#pragma unroll
          for (int t = 0; t < T; t++) {
            float4 low = *reinterpret_cast<const float4*>(inputs + t * columns + at * 4);
            float4 high = *reinterpret_cast<const float4*>(inputs + t * columns + columns / 2 + at * 4);
            float v[8] = {low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w};
#pragma unroll
            for (int i = 0; i < 8; i++) {
              sum[0][t] = fmaf(a[i], v[i], sum[0][t]);
              sum[1][t] = fmaf(b[i], v[i], sum[1][t]);
            }
          }
        }
      }
    }
    loaded = false;
#pragma unroll
    for (int t = 0; t < T; t++) {
#pragma unroll
      for (int r = 0; r < 2; r++) {
        float total = warp_sum(sum[r][t]);
        if (lane == 0) {
          partial[warp][r * T + t] = total;
        }
      }
    }
    __syncthreads();
    if (part == 0 && lane < 2 * T && pair < pairs) {
      int t = lane % T;
      int r = lane / T;
      float y = 0;
      for (int i = 0; i < split; i++) {
        y += partial[warp + i][lane];
      }
      if (firstToken + t < tokens) {
        if (gated) {
          float up = 0;
          for (int i = 0; i < split; i++) {
            up += partial[warp + i][T + t];
          }
          layers.store(firstToken + t, r == 0 ? pair : layers.rows0 + pair, r == 0 ? silu(y) * up : y);
        } else if (2 * pair + r < layers.rows()) {
          y = layers.store(firstToken + t, 2 * pair + r, y);
          if (residual != nullptr) {
            residual[static_cast<size_t>(firstToken + t) * layers.rows0 + 2 * pair + r] += y;
          }
        }
      }
    }
    __syncthreads();
  }
}

// After T: blocks that a multiprocessor should hold, where the compiler's own choice of registers makes some spill.
#define LINEAR(name, W, T, ...)                                                                                           \
  KERNEL __launch_bounds__(LINEAR_WARPS* WARP, ##__VA_ARGS__)                                                             \
      name(const W* weight0, const W* weight1, const W* weight2, const float* bias0, const float* bias1,                  \
           const float* bias2, float* out0, float* out1, float* out2, int rows0, int rows1, int rows2, const float* x,    \
           const float* norm, float eps, float* normed, float* selected, float* residual, int columns, int tokens,        \
           int split, int gated) {                                                                                        \
    linear<W, T>({weight0, weight1, weight2, bias0, bias1, bias2, out0, out1, out2, rows0, rows1, rows2}, x, norm, eps,    \
                 normed, selected, residual, columns, tokens, split, gated);                                              \
  }

LINEAR(linear_bf16_1, bf16, 1)
LINEAR(linear_bf16_8, bf16, 8)
LINEAR(linear_f32_1, float, 1)
LINEAR(linear_f32_8, float, 8)
LINEAR(linear_q8_1, q8, 1, 3)
LINEAR(linear_q8_8, q8, 8)
