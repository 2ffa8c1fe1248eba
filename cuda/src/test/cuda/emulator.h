// Runs a kernel: its blocks one after the other, the threads of a block as fibers.
#pragma once
#include <cstddef>
#include <functional>
#include <string>

#include "emulated.h"

namespace emulator {

// Makes a call of the kernel from the parameters of a launch, which it copies.
using Binder = std::function<void()> (*)(void** parameters);

// Null where there is no such kernel.
Binder find_kernel(const char* name);

// Runs a launch to its end; returns what went wrong, or nothing. A cluster is that many neighbours in x.
std::string run_grid(const std::string& name, dim3 grid, dim3 block, unsigned cluster, size_t shared,
                     const std::function<void()>& kernel);

// For hopper.cpp, which holds what the threads of a block have under way on tensor cores.

// The current thread goes on when this is true.
void wait_until(const std::function<bool()>& condition);
void begin_block_of_hopper(size_t threads, void* shared, size_t shared_bytes);
void end_thread_of_hopper();

}  // namespace emulator
