// The tensor cores of Hopper (wgmma): four warps multiply matrices that lie in shared memory, while their threads do other
// work. Only compute capability 9.0 has them.
//
// A matrix here has rows of 64 bf16, 128 bytes. In eight rows, 1,024 bytes, the 16-byte chunk c of row r lies at c ^ r: what
// the manual calls the 128-byte swizzle, so that eight rows of the same columns are in different banks.
#pragma once
#include "tma.cuh"

constexpr int WARPGROUP = 4 * WARP;
constexpr int SWIZZLED_COLUMNS = 64;

#ifndef NEXTCLASS_EMULATED
// Shared memory of a launch for such matrices: the swizzle is one of addresses.
#define SWIZZLED_SHARED(type, name)                                     \
  extern __shared__ __align__(1024) unsigned char nextclass_swizzled[]; \
  type* name = reinterpret_cast<type*>(nextclass_swizzled)

// Before the first product, and after registers of sums were used.
DEVICE void begin_products() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }

DEVICE void commit_products() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }

// Until at most so many of the groups last committed are under way.
template <int GROUPS>
DEVICE void wait_for_products() {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(GROUPS) : "memory");
}

// Until the sums are there. Nothing that uses them moves up over the wait.
template <int N>
DEVICE void wait_for_sums(float (&d)[N]) {
  wait_for_products<0>();
#pragma unroll
  for (int i = 0; i < N; i++) {
    asm volatile("" : "+f"(d[i])::"memory");
  }
}

#define SUMS4(d, i) "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3])
#define SUMS16(d, i) SUMS4(d, i), SUMS4(d, i + 4), SUMS4(d, i + 8), SUMS4(d, i + 12)

// d += a b^T by a warpgroup, begun and not waited for: a has 64 rows, b as many as twice the sums of a thread, both 16
// columns. Of the 16 rows of a a warp has those of lane / 4 and 8 below: d[4 j + 2 i] and the next belong to row lane / 4 + 8 i
// and to rows 8 j + lane % 4 * 2 and the next of b.
DEVICE void multiply_async(float (&d)[32], uint64 a, uint64 b) {
  asm volatile(
      "wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {"
      "%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,"
      "%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,%30,%31}, "
      "%32, %33, 1, 1, 1, 0, 0;"
      : SUMS16(d, 0), SUMS16(d, 16)
      : "l"(a), "l"(b));
}

DEVICE void multiply_async(float (&d)[64], uint64 a, uint64 b) {
  asm volatile(
      "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {"
      "%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,"
      "%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,%30,%31,"
      "%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45,%46,%47,"
      "%48,%49,%50,%51,%52,%53,%54,%55,%56,%57,%58,%59,%60,%61,%62,%63}, "
      "%64, %65, 1, 1, 1, 0, 0;"
      : SUMS16(d, 0), SUMS16(d, 16), SUMS16(d, 32), SUMS16(d, 48)
      : "l"(a), "l"(b));
}

DEVICE void multiply_async(float (&d)[96], uint64 a, uint64 b) {
  asm volatile(
      "wgmma.mma_async.sync.aligned.m64n192k16.f32.bf16.bf16 {"
      "%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,"
      "%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,%30,%31,"
      "%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45,%46,%47,"
      "%48,%49,%50,%51,%52,%53,%54,%55,%56,%57,%58,%59,%60,%61,%62,%63,"
      "%64,%65,%66,%67,%68,%69,%70,%71,%72,%73,%74,%75,%76,%77,%78,%79,"
      "%80,%81,%82,%83,%84,%85,%86,%87,%88,%89,%90,%91,%92,%93,%94,%95}, "
      "%96, %97, 1, 1, 1, 0, 0;"
      : SUMS16(d, 0), SUMS16(d, 16), SUMS16(d, 32), SUMS16(d, 48), SUMS16(d, 64), SUMS16(d, 80)
      : "l"(a), "l"(b));
}
#endif

// How a product names a matrix (PTX manual, "Matrix descriptor"): where it begins, the distance from eight rows to the next
// eight, and the swizzle; addresses and distances in units of 16 bytes. The next 16 columns are 2 further.
DEVICE uint64 matrix_at(const bf16* matrix) {
  return static_cast<uint64>(shared_address(matrix) >> 4 & 0x3fff) | 1ull << 16 | 64ull << 32 | 1ull << 62;
}

// How much further a matrix is that lies so many numbers behind.
DEVICE uint64 further(int numbers) { return static_cast<uint64>(numbers / 8); }
