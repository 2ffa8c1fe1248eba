// Copies of whole boxes of a matrix to shared memory, by the unit of Hopper that does nothing else (TMA), and the barriers on
// which their bytes are counted (mbarrier). One thread asks for a box; nobody computes an address.
//
// A barrier has phases, which are told apart by their parity. A phase ends when as many have arrived as the barrier was made
// for, and all bytes that they expect are there.
#pragma once
#include "device.cuh"

typedef unsigned long long uint64;

#ifdef NEXTCLASS_EMULATED
using emulator::TensorMap;
#define TENSOR_MAP(name) const TensorMap name
#else

// A matrix in global memory and the size of its boxes, as cuTensorMapEncodeTiled writes it. Always the parameter of a kernel.
struct __align__(64) TensorMap {
  unsigned char opaque[128];
};
#define TENSOR_MAP(name) const __grid_constant__ TensorMap name

DEVICE void make_barrier(uint64* barrier, int arrivals) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(shared_address(barrier)), "r"(arrivals) : "memory");
}

// After making barriers, and before __syncthreads.
DEVICE void fence_barriers() { asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory"); }

DEVICE void arrive(uint64* barrier) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(shared_address(barrier)) : "memory");
}

DEVICE void arrive_expecting(uint64* barrier, int bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(shared_address(barrier)), "r"(bytes) : "memory");
}

// Until the phase of this parity has ended.
DEVICE void wait_for_phase(uint64* barrier, int parity) {
  asm volatile(
      "{\n"
      ".reg .pred ended;\n"
      "again:\n"
      "mbarrier.try_wait.parity.shared::cta.b64 ended, [%0], %1;\n"
      "@!ended bra again;\n"
      "}\n" ::"r"(shared_address(barrier)),
      "r"(parity)
      : "memory");
}

// The box whose first element is given, to memory that begins at a multiple of 1,024; what is outside of the matrix becomes
// zeros. Its bytes arrive at the barrier.
DEVICE void copy_box(bf16* to, const TensorMap* map, int column, int row, uint64* barrier) {
  asm volatile(
      "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3}], [%4];" ::"r"(
          shared_address(to)),
      "l"(map), "r"(column), "r"(row), "r"(shared_address(barrier))
      : "memory");
}
#endif
