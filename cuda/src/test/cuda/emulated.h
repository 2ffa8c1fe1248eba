// CUDA C++ as plain C++: enough of it to run the kernels of this project on a CPU, a thread of a block being a fiber.
//
// Blocks run one after the other, so that shared memory is static. A fiber runs until it meets a barrier (of its block or
// its warp), and ends there what it wrote for the others; the order of the fibers is turned round from block to block, so
// that a missing barrier shows. What this cannot show: races between blocks, memory order, speed.
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
#define __shared__ static
#define __launch_bounds__(...)
#define __restrict__
#define DYNAMIC_SHARED(type, name) type* name = reinterpret_cast<type*>(emulator::dynamic_shared())

struct uint3 {
  unsigned x, y, z;
};
struct dim3 {
  unsigned x, y, z;
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
void* dynamic_shared();
void block_barrier();
void warp_barrier();
// What the lanes of the current warp show each other: 16 words each, seen after the next barrier of the warp. There are two
// sets, used in turn: who writes the second has passed a barrier after which nobody reads the first.
unsigned* shown_by(int lane);
void turn();
// Stops the kernel with a message, as a fault on a device would.
[[noreturn]] void fault(const char* what);

inline int lane() { return static_cast<int>(threadIdx.x % 32); }

void copy_later(void* to, const void* from, bool there);
void commit();
void finish_all_but(int groups);
}  // namespace emulator

static inline void __syncthreads() { emulator::block_barrier(); }
static inline void __syncwarp() { emulator::warp_barrier(); }
static inline void __threadfence() {}
static inline int min(int a, int b) { return a < b ? a : b; }
static inline int max(int a, int b) { return a > b ? a : b; }
static inline int atomicAdd(int* p, int n) {
  int old = *p;
  *p += n;
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





static inline float __shfl_xor_sync(unsigned, float x, int mask) {
  emulator::shown_by(emulator::lane())[0] = __float_as_uint(x);
  emulator::warp_barrier();
  float other = __uint_as_float(emulator::shown_by(emulator::lane() ^ mask)[0]);
  emulator::turn();
  return other;
}

static inline void wait_for_previous_kernel() {}

static inline uint4 load_weights(const void* p) {
  if (reinterpret_cast<uintptr_t>(p) % 16 != 0) {
    emulator::fault("a load of 16 bytes from an address that is no multiple of 16");
  }
  uint4 v;
  std::memcpy(&v, p, 16);
  return v;
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
  if (reinterpret_cast<uintptr_t>(row) % 16 != 0) {
    emulator::fault("ldmatrix of a row that is not aligned to 16 bytes");
  }
  uintptr_t address = reinterpret_cast<uintptr_t>(row);
  std::memcpy(emulator::shown_by(emulator::lane()), &address, sizeof address);
  emulator::warp_barrier();
  int lane = emulator::lane();
  for (int m = 0; m < 4; m++) {
    unsigned short pair[2];
    for (int i = 0; i < 2; i++) {
      int matrixRow = transposed ? lane % 4 * 2 + i : lane / 4;
      int matrixColumn = transposed ? lane / 4 : lane % 4 * 2 + i;
      uintptr_t from;
      std::memcpy(&from, emulator::shown_by(m * 8 + matrixRow), sizeof from);
      std::memcpy(&pair[i], reinterpret_cast<const unsigned short*>(from) + matrixColumn, 2);
    }
    r[m] = pair[0] | static_cast<unsigned>(pair[1]) << 16;
  }
  emulator::turn();
}
static inline void load_matrices(unsigned r[4], const void* row) { load_matrices(r, row, false); }
static inline void load_matrices_transposed(unsigned r[4], const void* row) { load_matrices(r, row, true); }

// PTX manual, "Matrix fragments for mma.m16n8k16 with floating point type", group g = lane / 4, thread t = lane % 4:
//   a: register 0 holds row g, 1 row g + 8, columns 2t and 2t + 1; registers 2 and 3 the same rows, columns 8 further
//   b: register 0 holds rows 2t and 2t + 1 of column g, register 1 the rows 8 further
//   d: 0 and 1 are columns 2t and 2t + 1 of row g, 2 and 3 those of row g + 8
static inline void multiply_add(float d[4], const unsigned a[4], const unsigned b[2]) {
  unsigned* mine = emulator::shown_by(emulator::lane());
  std::memcpy(mine, a, 16);
  std::memcpy(mine + 4, b, 8);
  emulator::warp_barrier();
  int lane = emulator::lane();
  auto number = [](int of, int word, int half) {
    unsigned pair = emulator::shown_by(of)[word];
    return __uint_as_float(half ? pair & 0xffff0000u : pair << 16);
  };
  for (int i = 0; i < 4; i++) {
    int row = lane / 4 + (i >= 2 ? 8 : 0);
    int column = lane % 4 * 2 + i % 2;
    float sum = 0;
    for (int k = 0; k < 16; k++) {
      float x = number(row % 8 * 4 + k % 8 / 2, (k >= 8 ? 2 : 0) + (row >= 8 ? 1 : 0), k % 2);
      float y = number(column * 4 + k % 8 / 2, 4 + (k >= 8 ? 1 : 0), k % 2);
      sum += x * y;
    }
    d[i] += sum;
  }
  emulator::turn();
}
