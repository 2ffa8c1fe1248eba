// Every access of a kernel to memory, checked: that it is inside of an allocation or of the shared memory of the launch, that
// shared memory was written before it is read, that no other thread's access to the same place is unordered with it, and that
// nothing that a kernel may still be writing is used before wait_for_previous_kernel.
//
// The compiler reports the accesses: kernels_emulated.cpp is compiled for the thread sanitizer and for the checks of undefined
// behaviour (overflow of int, alignment, array bounds), and checker.cpp is what they call instead of their own libraries.
//
//   ordered within a block      by __syncthreads; within a warp by __syncwarp, but not by shuffles
//   ordered between blocks      by __threadfence and then atomicAdd on one side, atomicAdd on the same place on the other
//   within a cluster            by its barriers: the other blocks store to shared memory after one, it is used after the next
//   anything else               is a race, unless both only read, or both are atomic
#pragma once
#include <cstddef>
#include <string>

namespace checker {

constexpr size_t MOST_SHARED_BYTES = 227 * 1024;

// Device memory. Where nothing is allocated nothing is mapped, and freed memory does not come back soon.
unsigned char* allocate(size_t bytes);
bool free(void* p);
void free_all();
size_t allocations();
bool inside(const void* p, size_t bytes);
size_t bytes_used();

void begin_launch(const std::string& kernel);
// A block begins with shared memory that nobody has written. The rank is that in its cluster.
void* begin_block(unsigned rank, unsigned index, size_t shared_bytes);
// What follows is about this block.
void select_block(unsigned rank);
void* static_shared(const void* key, size_t bytes);
void set_thread(unsigned thread);
void block_barrier_passed();
void warp_barrier_passed(unsigned warp);
void cluster_barrier_passed();
// Where another block of the cluster has what this one has at p; to be written.
void* in_block(void* p, size_t bytes, unsigned rank);
void thread_ended();
void thread_waited();
bool has_waited(unsigned thread);
void fence();
void begin_atomic();
void end_atomic();
// An access that the compiler does not see.
void access(const void* p, size_t bytes, bool writes);
// Where the kernel is, for messages.
std::string place();

}  // namespace checker
