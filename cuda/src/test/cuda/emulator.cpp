#include "emulator.h"

#include <ucontext.h>

#include <algorithm>
#include <csetjmp>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <random>
#include <vector>

#include "checker.h"

uint3 threadIdx;
uint3 blockIdx;
dim3 blockDim;
dim3 gridDim;

namespace emulator {

constexpr size_t STACK_BYTES = 256 * 1024;

enum class State { READY, AT_BLOCK_BARRIER, AT_WARP_BARRIER, WAITING, DONE };

struct Copy {
  void* to;
  unsigned char bytes[16];
};

struct Fiber {
  ucontext_t start;
  jmp_buf resume;
  bool started;
  State state;
  Together together;
  std::function<bool()> condition;  // of what it waits for
  uint3 index;
  int set;
  std::vector<Copy> uncommitted;
  std::deque<std::vector<Copy>> groups;
  std::vector<unsigned char> stack;
};

static std::vector<Fiber> fibers;
static Fiber* current;
static jmp_buf scheduler;
static unsigned shown[32][2][32][16];  // warps, sets, lanes, words
static const std::function<void()>* body;
static std::string fault_message;
static void* shared;

void* dynamic_shared() { return shared; }
void* static_shared(const void* key, size_t bytes) { return checker::static_shared(key, bytes); }
unsigned* shown_by(int lane) { return shown[threadIdx.x / 32][current->set][lane]; }
void turn() { current->set ^= 1; }

static void stop(State state) {
  current->state = state;
  if (_setjmp(current->resume) == 0) {
    _longjmp(scheduler, 1);
  }
}

void block_barrier() { stop(State::AT_BLOCK_BARRIER); }

void warp_barrier(Together what) {
  current->together = what;
  stop(State::AT_WARP_BARRIER);
}

void wait_until(const std::function<bool()>& condition) {
  if (!condition()) {
    current->condition = condition;
    stop(State::WAITING);
  }
}

void fault(const char* what) {
  fault_message = std::string(what) + ", " + checker::place();
  checker::end_atomic();
  current->started = false;
  stop(State::DONE);
  std::abort();
}

void begin_atomic() { checker::begin_atomic(); }
void end_atomic() { checker::end_atomic(); }
void waited_for_previous_kernel() { checker::thread_waited(); }
void thread_fence() { checker::fence(); }

Registers load_matrices(const void* row, bool transposed) {
  if (reinterpret_cast<uintptr_t>(row) % 16 != 0) {
    fault("ldmatrix of a row that is not aligned to 16 bytes");
  }
  std::memcpy(shown_by(lane()), &row, sizeof row);
  warp_barrier(Together::LOAD_MATRICES);
  Registers r;
  for (int m = 0; m < 4; m++) {
    unsigned short pair[2];
    for (int i = 0; i < 2; i++) {
      int matrixRow = transposed ? lane() % 4 * 2 + i : lane() / 4;
      int matrixColumn = transposed ? lane() / 4 : lane() % 4 * 2 + i;
      const unsigned short* from;
      std::memcpy(&from, shown_by(m * 8 + matrixRow), sizeof from);
      checker::access(from + matrixColumn, 2, false);
      pair[i] = from[matrixColumn];
    }
    r.words[m] = pair[0] | static_cast<unsigned>(pair[1]) << 16;
  }
  turn();
  return r;
}

Sums product(Registers a, unsigned b0, unsigned b1) {
  unsigned* mine = shown_by(lane());
  std::memcpy(mine, a.words, 16);
  mine[4] = b0;
  mine[5] = b1;
  warp_barrier(Together::MULTIPLY_ADD);
  Sums sums;
  for (int i = 0; i < 4; i++) {
    int row = lane() / 4 + (i >= 2 ? 8 : 0);
    int column = lane() % 4 * 2 + i % 2;
    float sum = 0;
    for (int k = 0; k < 16; k += 2) {
      unsigned x = shown_by(row % 8 * 4 + k % 8 / 2)[(k >= 8 ? 2 : 0) + (row >= 8 ? 1 : 0)];
      unsigned y = shown_by(column * 4 + k % 8 / 2)[4 + (k >= 8 ? 1 : 0)];
      sum += __uint_as_float(x << 16) * __uint_as_float(y << 16);
      sum += __uint_as_float(x & 0xffff0000u) * __uint_as_float(y & 0xffff0000u);
    }
    sums.numbers[i] = sum;
  }
  turn();
  return sums;
}

// The bytes are read at once and seen only after the wait: who forgets to wait reads what was there before.
void copy_later(void* to, const void* from, bool there) {
  if (reinterpret_cast<uintptr_t>(to) % 16 != 0 || (there && reinterpret_cast<uintptr_t>(from) % 16 != 0)) {
    fault("cp.async with an address that is no multiple of 16");
  }
  Copy copy{to, {}};
  checker::access(to, 16, true);
  if (there) {
    checker::access(from, 16, false);
    std::memcpy(copy.bytes, from, 16);
  }
  current->uncommitted.push_back(copy);
}

void commit() {
  current->groups.push_back(std::move(current->uncommitted));
  current->uncommitted.clear();
}

void finish_all_but(int groups) {
  while (static_cast<int>(current->groups.size()) > groups) {
    for (const Copy& copy : current->groups.front()) {
      checker::access(copy.to, 16, true);
      std::memcpy(copy.to, copy.bytes, 16);
    }
    current->groups.pop_front();
  }
}

// A fiber is made once and runs a thread of one block after another.
static void enter() {
  while (true) {
    (*body)();
    if (!checker::has_waited(current->index.x)) {
      fault("ends without having waited for the kernel before");
    }
    if (!current->uncommitted.empty()) {
      fault("ends with a copy that is not committed");
    }
    end_thread_of_hopper();
    stop(State::DONE);
  }
}

static void run(Fiber& fiber) {
  current = &fiber;
  threadIdx = fiber.index;
  checker::set_thread(fiber.index.x);
  if (_setjmp(scheduler) != 0) {
    return;
  }
  if (fiber.started) {
    _longjmp(fiber.resume, 1);
  }
  fiber.started = true;
  setcontext(&fiber.start);
}

static void release(size_t from, size_t to) {
  for (size_t i = from; i < to; i++) {
    fibers[i].state = State::READY;
  }
}

// What a warp does together takes all of its lanes, and the same of each. Returns whether it went on.
static bool release_warp(size_t from) {
  size_t there = 0;
  bool blocked = true;
  for (size_t i = from; i < from + 32; i++) {
    there += fibers[i].state == State::AT_WARP_BARRIER;
    blocked &= fibers[i].state != State::READY && fibers[i].state != State::WAITING;
  }
  if (!blocked || there == 0) {
    return false;
  }
  for (size_t i = from; i < from + 32; i++) {
    if (fibers[i].state != State::AT_WARP_BARRIER || fibers[i].together != fibers[from].together) {
      fault_message = "the lanes of a warp do not do the same, " + checker::place();
      return false;
    }
  }
  if (fibers[from].together == Together::SYNC) {
    checker::warp_barrier_passed(static_cast<unsigned>(from / 32));
  }
  release(from, from + 32);
  return true;
}

static bool release_waiting(size_t threads) {
  bool goesOn = false;
  for (size_t i = 0; i < threads; i++) {
    if (fibers[i].state == State::WAITING && fibers[i].condition()) {
      fibers[i].state = State::READY;
      goesOn = true;
    }
  }
  return goesOn;
}

// Threads that have ended are not waited for.
static bool release_block(size_t threads) {
  size_t there = 0;
  for (size_t i = 0; i < threads; i++) {
    if (fibers[i].state != State::AT_BLOCK_BARRIER && fibers[i].state != State::DONE) {
      return false;
    }
    there += fibers[i].state == State::AT_BLOCK_BARRIER;
  }
  if (there == 0) {
    return false;
  }
  checker::block_barrier_passed();
  for (size_t i = 0; i < threads; i++) {
    if (fibers[i].state == State::AT_BLOCK_BARRIER) {
      fibers[i].state = State::READY;
    }
  }
  return true;
}

static void run_block(size_t threads, const std::vector<size_t>& order) {
  for (size_t i = 0; i < threads; i++) {
    Fiber& fiber = fibers[i];
    if (!fiber.started) {
      getcontext(&fiber.start);
      fiber.stack.resize(STACK_BYTES);
      fiber.start.uc_stack.ss_sp = fiber.stack.data();
      fiber.start.uc_stack.ss_size = fiber.stack.size();
      fiber.start.uc_link = nullptr;
      makecontext(&fiber.start, enter, 0);
    }
    fiber.state = State::READY;
    fiber.together = Together::NOTHING;
    fiber.index = {static_cast<unsigned>(i), 0, 0};
    fiber.set = 0;
    fiber.groups.clear();
    fiber.uncommitted.clear();
  }
  while (true) {
    bool left = false;
    for (size_t i : order) {
      if (fibers[i].state == State::READY) {
        run(fibers[i]);
        if (!fault_message.empty()) {
          return;
        }
      }
      left |= fibers[i].state != State::DONE;
    }
    if (!left) {
      return;
    }
    bool goesOn = false;
    for (size_t warp = 0; warp < threads; warp += 32) {
      goesOn |= release_warp(warp);
    }
    goesOn |= release_block(threads);
    goesOn |= release_waiting(threads);
    if (!fault_message.empty()) {
      return;
    }
    if (!goesOn) {
      fault_message = "threads of a block wait at different barriers, " + checker::place();
      return;
    }
  }
}

std::string run_grid(const std::string& name, dim3 grid, dim3 block, size_t shared_bytes,
                     const std::function<void()>& kernel) {
  static std::mt19937 random(1);
  fault_message.clear();
  if (fibers.size() < block.x) {
    fibers.clear();  // none may move, they stand in the middle of their stacks
    fibers.resize(block.x);
  }
  body = &kernel;
  blockDim = block;
  gridDim = grid;
  checker::begin_launch(name);
  std::vector<unsigned> blocks(size_t{grid.x} * grid.y * grid.z);
  for (unsigned i = 0; i < blocks.size(); i++) {
    blocks[i] = i;
  }
  std::shuffle(blocks.begin(), blocks.end(), random);
  std::vector<size_t> order(block.x);
  for (size_t i = 0; i < order.size(); i++) {
    order[i] = i;
  }
  for (unsigned serial : blocks) {
    blockIdx = {serial % grid.x, serial / grid.x % grid.y, serial / grid.x / grid.y};
    shared = checker::begin_block(serial, shared_bytes);
    begin_block_of_hopper(block.x, shared, shared_bytes);
    std::shuffle(order.begin(), order.end(), random);
    run_block(block.x, order);
    if (!fault_message.empty()) {
      fibers.clear();  // they stand in the middle of a kernel
      return fault_message;
    }
  }
  return "";
}

}  // namespace emulator
