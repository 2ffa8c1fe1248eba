// CUDA C++ as plain C++: enough of it to run the kernels of this project on a CPU, a thread of a block being a fiber.
//
// Blocks run one after the other, in an order drawn for each launch, so that shared memory is static. A fiber runs until it
// meets a barrier of its block or its warp; in which order, is drawn for each block. Every access to memory is checked, see
// checker.h. What this cannot show: that a real device reads the instructions below as they are read here, and speed.
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#define NEXTCLASS_HOST 1
#define KERNEL extern "C" void
#define DEVICE static inline
#define DEVICE_MEMBER inline
#define __global__
#define __device__
#define __launch_bounds__(...)
#define __restrict__
#define SHARED(type, name)                \
  static char name##_key;                 \
  using name##_type = type;               \
  name##_type& name = *reinterpret_cast<name##_type*>(emulator::static_shared(&name##_key, sizeof(name##_type)))
#define SWIZZLED_SHARED(type, name) DYNAMIC_SHARED(type, name)
#define DYNAMIC_SHARED(type, name) type* name = reinterpret_cast<type*>(emulator::dynamic_shared())

struct uint3 {
  unsigned x, y, z;
};
struct dim3 {
  unsigned x, y, z;
};
struct alignas(8) float2 {
  float x, y;
};
struct alignas(8) uint2 {
  unsigned x, y;
};
struct alignas(16) uint4 {
  unsigned x, y, z, w;
};
struct alignas(16) float4 {
  float x, y, z, w;
};
static inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }

extern uint3 threadIdx;
extern uint3 blockIdx;
extern dim3 blockDim;
extern dim3 gridDim;

namespace emulator {
// What lanes of a warp do together, all 32 of them and all the same.
enum class Together { NOTHING, SHUFFLE, SYNC, LOAD_MATRICES, MULTIPLY_ADD, MULTIPLY_ASYNC, WAIT_FOR_PRODUCTS };

void* dynamic_shared();
// The same for all threads of a block; told apart by the key.
void* static_shared(const void* key, size_t bytes);
void block_barrier();
void warp_barrier(Together what);
// What the lanes of the current warp show each other: 16 words each, seen after the next barrier of the warp. There are two
// sets, used in turn: who writes the second has passed a barrier after which nobody reads the first.
unsigned* shown_by(int lane);
void turn();
// Stops the kernel with a message, as a fault on a device would.
[[noreturn]] void fault(const char* what);
void announce_to_cluster();
// Announced: whether it ends what announce_to_cluster began.
void cluster_barrier(bool announced);
void store_to_block(void* p, const void* from, size_t bytes, int rank);
void begin_atomic();
void end_atomic();
void waited_for_previous_kernel();
void thread_fence();

inline int lane() { return static_cast<int>(threadIdx.x % 32); }

// By value, so that the registers of a kernel stay registers.
struct Registers {
  unsigned words[4];
};
struct Sums {
  float numbers[4];
};
Registers load_matrices(const void* row, bool transposed);
Sums product(Registers a, unsigned b0, unsigned b1);

void copy_later(void* to, const void* from, bool there);
void commit();
void finish_all_but(int groups);

// hopper.cpp

// A matrix in global memory, as the fake driver encodes it.
struct TensorMap {
  const unsigned char* address;
  uint64_t rows, columns, row_bytes;
  uint32_t box_rows, box_columns;
  unsigned char rest[88];
};
static_assert(sizeof(TensorMap) == 128, "as in cuda.h");

// As tensor cores are told of shared memory; it begins at 1,024.
unsigned shared_address(const void* p);
void make_barrier(uint64_t* barrier, int arrivals);
void arrive(uint64_t* barrier, int bytes);
void wait_for_phase(uint64_t* barrier, int parity);
void copy_box(void* to, const TensorMap* map, int column, int row, uint64_t* barrier);
void begin_products();
void multiply_later(float* d, int rows, uint64_t a, uint64_t b);
void multiply_later(float* d, int rows, const unsigned* a, uint64_t b, bool transposed);
void commit_products();
void finish_products_but(int groups);
}  // namespace emulator

static inline void __syncthreads() { emulator::block_barrier(); }
// The other threads end by themselves: those are not waited for.
template <int THREADS>
static inline void barrier_of_first() {
  emulator::block_barrier();
}
static inline void __syncwarp() { emulator::warp_barrier(emulator::Together::SYNC); }
static inline void __threadfence() { emulator::thread_fence(); }
static inline int min(int a, int b) { return a < b ? a : b; }
static inline int max(int a, int b) { return a > b ? a : b; }
static inline int atomicAdd(int* p, int n) {
  emulator::begin_atomic();
  int old = *p;
  *p = old + n;
  emulator::end_atomic();
  return old;
}
static inline float __uint_as_float(unsigned u) {
  float f;
  std::memcpy(&f, &u, 4);
  return f;
}
static inline unsigned __float_as_uint(float f) {
  unsigned u;
  std::memcpy(&u, &f, 4);
  return u;
}

static inline int __float_as_int(float f) { return static_cast<int>(__float_as_uint(f)); }
static inline float __int_as_float(int i) { return __uint_as_float(static_cast<unsigned>(i)); }

static inline float __shfl_xor_sync(unsigned, float x, int mask) {
  emulator::shown_by(emulator::lane())[0] = __float_as_uint(x);
  emulator::warp_barrier(emulator::Together::SHUFFLE);
  float other = __uint_as_float(emulator::shown_by(emulator::lane() ^ mask)[0]);
  emulator::turn();
  return other;
}

static inline int __shfl_xor_sync(unsigned lanes, int x, int mask) {
  return __float_as_int(__shfl_xor_sync(lanes, __int_as_float(x), mask));
}

static inline float __shfl_sync(unsigned, float x, int from) {
  emulator::shown_by(emulator::lane())[0] = __float_as_uint(x);
  emulator::warp_barrier(emulator::Together::SHUFFLE);
  float other = __uint_as_float(emulator::shown_by(from)[0]);
  emulator::turn();
  return other;
}

static inline void let_next_kernel_start() {}

// PTX manual, "barrier.cluster" and "mapa". All blocks of a cluster are there from the beginning, but not before they say so.
static inline void announce_to_cluster() { emulator::announce_to_cluster(); }
static inline void wait_for_cluster() { emulator::cluster_barrier(true); }
static inline void cluster_barrier() { emulator::cluster_barrier(false); }
static inline void store_to_block(float* p, float x, int rank) { emulator::store_to_block(p, &x, sizeof x, rank); }
static inline void store_to_block(float* p, float4 x, int rank) {
  if (reinterpret_cast<uintptr_t>(p) % 16 != 0) {
    emulator::fault("a store of 16 bytes to an address that is no multiple of 16");
  }
  emulator::store_to_block(p, &x, sizeof x, rank);
}
static inline void wait_for_previous_kernel() { emulator::waited_for_previous_kernel(); }

static inline uint4 load_weights(const void* p) {
  if (reinterpret_cast<uintptr_t>(p) % 16 != 0) {
    emulator::fault("a load of 16 bytes from an address that is no multiple of 16");
  }
  uint4 v;
  std::memcpy(&v, p, 16);
  return v;
}

static inline float load_fresh(const float* p) { return *p; }
static inline void prefetch(const void*) {}
static inline float inverse_root_about(float x) { return 1.0f / std::sqrt(x); }

static inline uint2 load_weights8(const void* p) {
  if (reinterpret_cast<uintptr_t>(p) % 8 != 0) {
    emulator::fault("a load of 8 bytes from an address that is no multiple of 8");
  }
  uint2 v;
  std::memcpy(&v, p, 8);
  return v;
}

// CUDA's manual, "Byte permute": nibble i of the selector says which of the bytes of y:x is byte i of the result.
static inline unsigned __byte_perm(unsigned x, unsigned y, unsigned selector) {
  uint64_t bytes = static_cast<uint64_t>(y) << 32 | x;
  unsigned result = 0;
  for (int i = 0; i < 4; i++) {
    unsigned at = selector >> (4 * i) & 7;
    result |= static_cast<unsigned>(bytes >> (8 * at) & 0xff) << (8 * i);
  }
  return result;
}

static inline void copy_async16(void* to, const void* from, bool there) { emulator::copy_later(to, from, there); }
static inline void commit_copies() { emulator::commit(); }
template <int GROUPS>
static inline void wait_for_copies() {
  emulator::finish_all_but(GROUPS);
}

// PTX manual, "Warp-level matrix instructions: ldmatrix": thread t gets, of each matrix, elements 2 (t % 4) and the next of
// row t / 4; transposed, of column t / 4. Lane i names row i % 8 of matrix i / 8.
static inline void load_matrices(unsigned r[4], const void* row, bool transposed) {
  emulator::Registers loaded = emulator::load_matrices(row, transposed);
  for (int i = 0; i < 4; i++) {
    r[i] = loaded.words[i];
  }
}
static inline void load_matrices(unsigned r[4], const void* row) { load_matrices(r, row, false); }
static inline void load_matrices_transposed(unsigned r[4], const void* row) { load_matrices(r, row, true); }

// PTX manual, "Matrix fragments for mma.m16n8k16 with floating point type", group g = lane / 4, thread t = lane % 4:
//   a: register 0 holds row g, 1 row g + 8, columns 2t and 2t + 1; registers 2 and 3 the same rows, columns 8 further
//   b: register 0 holds rows 2t and 2t + 1 of column g, register 1 the rows 8 further
//   d: 0 and 1 are columns 2t and 2t + 1 of row g, 2 and 3 those of row g + 8
static inline void multiply_add(float d[4], const unsigned a[4], const unsigned b[2]) {
  emulator::Sums sums = emulator::product({{a[0], a[1], a[2], a[3]}}, b[0], b[1]);
  for (int i = 0; i < 4; i++) {
    d[i] += sums.numbers[i];
  }
}

// PTX manual, "cvt": cvt.rn.bf16x2.f32 d, a, b puts a into the upper half of d, b into the lower; to nearest, ties to even,
// every NaN becomes the canonical one.
static inline unsigned narrow_one(float x) {
  unsigned bits = __float_as_uint(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u) {
    return 0x7fffu;
  }
  return (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
}
static inline unsigned narrow_pair(float first, float second) { return narrow_one(second) << 16 | narrow_one(first); }

static inline float power_of_2(float x) { return exp2f(x); }

static inline unsigned shared_address(const void* p) { return emulator::shared_address(p); }
static inline void make_barrier(unsigned long long* barrier, int arrivals) {
  emulator::make_barrier(reinterpret_cast<uint64_t*>(barrier), arrivals);
}
static inline void fence_barriers() {}
static inline void arrive(unsigned long long* barrier) { emulator::arrive(reinterpret_cast<uint64_t*>(barrier), 0); }
static inline void arrive_expecting(unsigned long long* barrier, int bytes) {
  emulator::arrive(reinterpret_cast<uint64_t*>(barrier), bytes);
}
static inline void wait_for_phase(unsigned long long* barrier, int parity) {
  emulator::wait_for_phase(reinterpret_cast<uint64_t*>(barrier), parity);
}
static inline void copy_box(void* to, const emulator::TensorMap* map, int column, int row, unsigned long long* barrier) {
  emulator::copy_box(to, map, column, row, reinterpret_cast<uint64_t*>(barrier));
}

static inline void begin_products() { emulator::begin_products(); }
static inline void commit_products() { emulator::commit_products(); }
template <int GROUPS>
static inline void wait_for_products() {
  emulator::finish_products_but(GROUPS);
}
template <int N>
static inline void wait_for_sums(float (&)[N]) {
  emulator::finish_products_but(0);
}
template <int N>
static inline void multiply_async(float (&d)[N], unsigned long long a, unsigned long long b) {
  emulator::multiply_later(d, 2 * N, a, b);
}
template <bool TRANSPOSED, int N>
static inline void multiply_async(float (&d)[N], const unsigned (&a)[4], unsigned long long b) {
  emulator::multiply_later(d, 2 * N, a, b, TRANSPOSED);
}
template <int N>
static inline void hold(float (&)[N]) {}
template <int N>
static inline void hold(unsigned (&)[N][4]) {}
static inline void take_registers() {}
static inline void give_registers() {}
