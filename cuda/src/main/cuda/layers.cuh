// Up to three linear layers of the same input, such as q, k and v: one matrix for the kernels, row after row.
#pragma once
#include "device.cuh"

// Three layers as one.
template <class W>
struct Layers {
  const W* weight0;
  const W* weight1;
  const W* weight2;
  const float* bias0;
  const float* bias1;
  const float* bias2;
  float* out0;
  float* out1;
  float* out2;
  int rows0, rows1, rows2;

  DEVICE_MEMBER int rows() const { return rows0 + rows1 + rows2; }

  DEVICE_MEMBER const W* row(int r, int columns) const {
    if (r < rows0) {
      return weight0 + r * row_length<W>(columns);
    }
    r -= rows0;
    return r < rows1 ? weight1 + r * row_length<W>(columns) : weight2 + (r - rows1) * row_length<W>(columns);
  }

  // The bias of row r of all.
  DEVICE_MEMBER float bias_of(int r) const {
    const float* bias = r < rows0 ? bias0 : r < rows0 + rows1 ? bias1 : bias2;
    int at = r < rows0 ? r : r < rows0 + rows1 ? r - rows0 : r - rows0 - rows1;
    return bias == nullptr ? 0.0f : bias[at];
  }

  // Where element r of all goes, for row t.
  DEVICE_MEMBER float* place(int t, int r) const {
    float* out = r < rows0 ? out0 : r < rows0 + rows1 ? out1 : out2;
    int rows = r < rows0 ? rows0 : r < rows0 + rows1 ? rows1 : rows2;
    int at = r < rows0 ? r : r < rows0 + rows1 ? r - rows0 : r - rows0 - rows1;
    return out + static_cast<size_t>(t) * rows + at;
  }

  // Stores y (+ bias) as element r of row t, and returns it.
  DEVICE_MEMBER float store(int t, int r, float y) const {
    const float* bias = bias0;
    float* out = out0;
    int rows = rows0;
    if (r >= rows0) {
      r -= rows0;
      bias = bias1, out = out1, rows = rows1;
      if (r >= rows1) {
        r -= rows1;
        bias = bias2, out = out2, rows = rows2;
      }
    }
    if (bias != nullptr) {
      y += bias[r];
    }
    out[static_cast<size_t>(t) * rows + r] = y;
    return y;
  }
};
