// What all kernels stand on: types, sums over a warp, and the few instructions that C++ has no words for.
//
// A kernel reads like CUDA C++ and uses nothing that is not declared here, so that it also compiles as plain C++ over
// emulated.h, where the tests run it without a GPU. There the instructions below are written out from the PTX manual.
#pragma once

#ifdef NEXTCLASS_EMULATED
#include "emulated.h"
#else

#define KERNEL extern "C" __global__ void
#define DEVICE static __device__ __forceinline__
#define DEVICE_MEMBER __device__ __forceinline__

// Shared memory of a block: SHARED(float[8], sums).
template <class T>
struct SharedType {
  typedef T type;
};
#define SHARED(type_of, name) __shared__ typename SharedType<type_of>::type name

// Shared memory whose size is given at launch.
#define DYNAMIC_SHARED(type, name)                         \
  extern __shared__ __align__(16) unsigned char nextclass_shared[]; \
  type* name = reinterpret_cast<type*>(nextclass_shared)

// From Hopper on a kernel may start while the one before it ends: it loads what no kernel writes (weights), then waits.
// Elsewhere, and where the launch did not ask for it, the wait is over at once.
DEVICE void let_next_kernel_start() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}

DEVICE void wait_for_previous_kernel() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

// Weights are read once: past L1, so that activations stay in it.
DEVICE uint4 load_weights(const void* p) {
  uint4 v;
  asm volatile("ld.global.nc.L1::no_allocate.v4.u32 {%0,%1,%2,%3}, [%4];"
               : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
               : "l"(p));
  return v;
}

DEVICE uint2 load_weights8(const void* p) {
  uint2 v;
  asm volatile("ld.global.nc.L1::no_allocate.v2.u32 {%0,%1}, [%2];" : "=r"(v.x), "=r"(v.y) : "l"(p));
  return v;
}

DEVICE unsigned shared_address(const void* p) { return static_cast<unsigned>(__cvta_generic_to_shared(p)); }

// Past L1, for what other blocks have just written.
DEVICE float load_fresh(const float* p) {
  float x;
  asm volatile("ld.global.cg.f32 %0, [%1];" : "=f"(x) : "l"(p) : "memory");
  return x;
}

// Brings a line into L2.
DEVICE void prefetch(const void* p) { asm volatile("prefetch.global.L2 [%0];" ::"l"(p)); }

// Copies 16 bytes to shared memory while other work goes on; zeros where there is nothing to copy.
DEVICE void copy_async16(void* to, const void* from, bool there) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(to)), "l"(from), "r"(there ? 16 : 0)
               : "memory");
}

DEVICE void commit_copies() { asm volatile("cp.async.commit_group;" ::: "memory"); }

// Until at most so many of the groups last committed are under way.
template <int GROUPS>
DEVICE void wait_for_copies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(GROUPS) : "memory");
}

// Four 8x8 matrices of 16-bit numbers; lane i gives the address of row i % 8 of matrix i / 8.
DEVICE void load_matrices(unsigned r[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(shared_address(row))
               : "memory");
}

DEVICE void load_matrices_transposed(unsigned r[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(shared_address(row))
               : "memory");
}

// d += a b on a tensor core: a is 16x16, b is 16x8, both in bf16; d is 16x8 in f32.
DEVICE void multiply_add(float d[4], const unsigned a[4], const unsigned b[2]) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

// A barrier of the first THREADS threads of a block; the others end without one.
template <int THREADS>
DEVICE void barrier_of_first() {
  asm volatile("bar.sync 1, %0;" ::"n"(THREADS) : "memory");
}

// From Hopper on the blocks of a cluster reach each other's shared memory, from when all of them have announced themselves.
DEVICE void announce_to_cluster() {
#if __CUDA_ARCH__ >= 900
  asm volatile("barrier.cluster.arrive.relaxed.aligned;" ::: "memory");
#endif
}

// Until all of them have.
DEVICE void wait_for_cluster() {
#if __CUDA_ARCH__ >= 900
  asm volatile("barrier.cluster.wait.acquire.aligned;" ::: "memory");
#endif
}

// For all threads of a cluster: what was stored before is seen after.
DEVICE void cluster_barrier() {
#if __CUDA_ARCH__ >= 900
  asm volatile("barrier.cluster.arrive.release.aligned;" ::: "memory");
  asm volatile("barrier.cluster.wait.acquire.aligned;" ::: "memory");
#else
  __syncthreads();
#endif
}

// Stores to shared memory of a block of the cluster, where p is in this one.
DEVICE void store_to_block(float* p, float x, int rank) {
#if __CUDA_ARCH__ >= 900
  unsigned there;
  asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(there) : "r"(shared_address(p)), "r"(rank));
  asm volatile("st.shared::cluster.f32 [%0], %1;" ::"r"(there), "f"(x) : "memory");
#else
  *p = x;
#endif
}

DEVICE void store_to_block(float* p, float4 x, int rank) {
#if __CUDA_ARCH__ >= 900
  unsigned there;
  asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(there) : "r"(shared_address(p)), "r"(rank));
  asm volatile("st.shared::cluster.v4.f32 [%0], {%1,%2,%3,%4};" ::"r"(there), "f"(x.x), "f"(x.y), "f"(x.z), "f"(x.w) : "memory");
#else
  *reinterpret_cast<float4*>(p) = x;
#endif
}

// Two f32 to the nearest bf16, ties to even, as a register of a fragment holds two neighbours.
DEVICE unsigned narrow_pair(float first, float second) {
  unsigned pair;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(second), "f"(first));
  return pair;
}

// 1 / sqrt(x) to some 2^-22 of it.
DEVICE float inverse_root_about(float x) {
  float y;
  asm("rsqrt.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

// 2^x, to some 2^-22 of it. Zero for what has no normal number.
DEVICE float power_of_2(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}
#endif

typedef unsigned short bf16;  // the upper half of an f32

constexpr int WARP = 32;
constexpr unsigned ALL_LANES = 0xffffffffu;

DEVICE float low_half(unsigned pair) { return __uint_as_float(pair << 16); }
DEVICE float high_half(unsigned pair) { return __uint_as_float(pair & 0xffff0000u); }
DEVICE float widen(bf16 x) { return __uint_as_float(static_cast<unsigned>(x) << 16); }

DEVICE bf16 narrow(float x) { return static_cast<bf16>(narrow_pair(x, 0)); }

// An f32 as the sum of two bf16, exact to 2^-17: what lets tensor cores work on activations without rounding them to 8
// bits. Weights are bf16 as they are.
DEVICE void split(float x, bf16& high, bf16& low) {
  high = narrow(x);
  low = narrow(x - widen(high));
}

DEVICE unsigned pack(bf16 first, bf16 second) { return static_cast<unsigned>(first) | (static_cast<unsigned>(second) << 16); }

// A number as what tensor cores take; low null: rounded to the high half.
DEVICE void store_split(float x, bf16* high, bf16* low, size_t at) {
  if (low == nullptr) {
    high[at] = narrow(x);
  } else {
    split(x, high[at], low[at]);
  }
}

// 1 / sqrt(x), with a step of Newton's, which makes it as exact as f32 can be but for the last bit.
DEVICE float inverse_root(float x) {
  float y = inverse_root_about(x);
  return y * fmaf(-0.5f * x * y, y, 1.5f);
}

// The two halves of two neighbours, as a register of a fragment holds them.
DEVICE void split_pair(float x, float y, unsigned& high, unsigned& low) {
  high = narrow_pair(x, y);
  low = narrow_pair(x - low_half(high), y - high_half(high));
}

// Every lane gets the sum, made in one order.
DEVICE float warp_sum(float x) {
  for (int offset = WARP / 2; offset > 0; offset /= 2) {
    x += __shfl_xor_sync(ALL_LANES, x, offset);
  }
  return x;
}

// Every thread gets the sum over the block; `sums` has a float for each warp.
DEVICE float block_sum(float x, float* sums) {
  x = warp_sum(x);
  if (threadIdx.x % WARP == 0) {
    sums[threadIdx.x / WARP] = x;
  }
  __syncthreads();
  float total = 0;
  for (int warp = 0; warp < static_cast<int>(blockDim.x) / WARP; warp++) {
    total += sums[warp];
  }
  __syncthreads();
  return total;
}

DEVICE float silu(float z) { return z / (1.0f + expf(-z)); }

// A weight in 8 bits: level + 128. A row is
//
//   levels [columns] | scales [columns / 32] in bf16 | up to a multiple of 16 bytes
struct q8 {
  unsigned char level;
};

template <class W>
DEVICE size_t row_length(int columns) {
  return static_cast<size_t>(columns);
}

template <>
DEVICE_MEMBER size_t row_length<q8>(int columns) {
  return static_cast<size_t>(columns + columns / 16 + 15) / 16 * 16;
}

// What 2^23 + n is as an f32, for a byte n of a word: a byte becomes a number without a conversion.
DEVICE float plus_2_23(unsigned word, unsigned byte) {
  return __uint_as_float(__byte_perm(word, 0x4b000000u, 0x7440u + byte));
}

DEVICE float scale_of(const q8* row, int columns, int column) {
  return widen(reinterpret_cast<const bf16*>(row + columns)[column / 32]);
}

// Eight neighbouring weights of a row as they are loaded, and as numbers.
template <class W>
struct Eight;

template <>
struct Eight<bf16> {
  uint4 bits;
  DEVICE_MEMBER void load(const bf16* row, int chunk, int) { bits = load_weights(row + static_cast<size_t>(chunk) * 8); }
  DEVICE_MEMBER void clear() { bits = make_uint4(0, 0, 0, 0); }
  DEVICE_MEMBER void numbers(float x[8]) const {
    x[0] = low_half(bits.x), x[1] = high_half(bits.x);
    x[2] = low_half(bits.y), x[3] = high_half(bits.y);
    x[4] = low_half(bits.z), x[5] = high_half(bits.z);
    x[6] = low_half(bits.w), x[7] = high_half(bits.w);
  }
};

template <>
struct Eight<float> {
  uint4 first, second;
  DEVICE_MEMBER void load(const float* row, int chunk, int) {
    first = load_weights(row + static_cast<size_t>(chunk) * 8);
    second = load_weights(row + static_cast<size_t>(chunk) * 8 + 4);
  }
  DEVICE_MEMBER void clear() { first = second = make_uint4(0, 0, 0, 0); }
  DEVICE_MEMBER void numbers(float x[8]) const {
    x[0] = __uint_as_float(first.x), x[1] = __uint_as_float(first.y);
    x[2] = __uint_as_float(first.z), x[3] = __uint_as_float(first.w);
    x[4] = __uint_as_float(second.x), x[5] = __uint_as_float(second.y);
    x[6] = __uint_as_float(second.z), x[7] = __uint_as_float(second.w);
  }
};

template <>
struct Eight<q8> {
  uint2 levels;
  float scale;
  DEVICE_MEMBER void load(const q8* row, int chunk, int columns) {
    levels = load_weights8(row + static_cast<size_t>(chunk) * 8);
    scale = scale_of(row, columns, chunk * 8);
  }
  DEVICE_MEMBER void clear() { levels.x = levels.y = 0, scale = 0; }
  DEVICE_MEMBER void numbers(float x[8]) const {
#pragma unroll
    for (int i = 0; i < 4; i++) {
      x[i] = (plus_2_23(levels.x, i) - 8388736.0f) * scale;
      x[i + 4] = (plus_2_23(levels.y, i) - 8388736.0f) * scale;
    }
  }
};
