// Products of Hopper's tensor cores whose first factor is in registers, as those of prefill_attention.cuh are: each warp of a
// warpgroup has 16 of its 64 rows.
#pragma once
#include "wgmma.cuh"

#ifndef NEXTCLASS_EMULATED
// d += a b^T, or d += a b: then b, which has 16 rows, is TRANSPOSED. Registers of a stay as they are until it has ended.
template <bool TRANSPOSED>
DEVICE void multiply_async(float (&d)[32], const unsigned (&a)[4], uint64 b) {
  asm volatile(
      "wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {"
      "%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,"
      "%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,%30,%31}, "
      "{%32,%33,%34,%35}, %36, 1, 1, 1, %37;"
      : SUMS16(d, 0), SUMS16(d, 16)
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "n"(TRANSPOSED ? 1 : 0));
}

template <bool TRANSPOSED>
DEVICE void multiply_async(float (&d)[64], const unsigned (&a)[4], uint64 b) {
  asm volatile(
      "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {"
      "%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,"
      "%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,%30,%31,"
      "%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45,%46,%47,"
      "%48,%49,%50,%51,%52,%53,%54,%55,%56,%57,%58,%59,%60,%61,%62,%63}, "
      "{%64,%65,%66,%67}, %68, 1, 1, 1, %69;"
      : SUMS16(d, 0), SUMS16(d, 16), SUMS16(d, 32), SUMS16(d, 48)
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "n"(TRANSPOSED ? 1 : 0));
}

// Nothing that uses these registers moves over this place: products that are under way use them, and C++ does not know.
template <int N>
DEVICE void hold(float (&x)[N]) {
#pragma unroll
  for (int i = 0; i < N; i++) {
    asm volatile("" : "+f"(x[i])::"memory");
  }
}

template <int N>
DEVICE void hold(unsigned (&x)[N][4]) {
#pragma unroll
  for (int i = 0; i < N * 4; i++) {
    asm volatile("" : "+r"(x[i / 4][i % 4])::"memory");
  }
}

// A warpgroup takes registers that another one has given: 240 a thread, and 24.
DEVICE void take_registers() { asm volatile("setmaxnreg.inc.sync.aligned.u32 240;"); }
DEVICE void give_registers() { asm volatile("setmaxnreg.dec.sync.aligned.u32 24;"); }
#endif

// A matrix whose rows are longer than 64: panels of 64 columns, each with all rows, so many numbers from one to the next.
DEVICE uint64 panels_at(const bf16* matrix, int panel) {
  return (matrix_at(matrix) & ~(0x3fffull << 16)) | static_cast<uint64>(panel / 8) << 16;
}
