#include "emulator.h"

#include <ucontext.h>

#include <algorithm>
#include <csetjmp>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <numeric>
#include <random>
#include <vector>

#include "checker.h"

uint3 threadIdx;
uint3 blockIdx;
dim3 blockDim;
dim3 gridDim;

namespace emulator {

constexpr size_t STACK_BYTES = 256 * 1024;

enum class State { READY, AT_BLOCK_BARRIER, AT_WARP_BARRIER, AT_CLUSTER_BARRIER, WAITING, DONE };

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
  bool announced;
  std::vector<Copy> uncommitted;
  std::deque<std::vector<Copy>> groups;
  std::unique_ptr<unsigned char[]> stack;  // not initialised, so that pages that are not used are not there
};

static std::vector<Fiber> all_fibers;  // of the blocks of a cluster
static Fiber* fibers;                  // of the block that runs
static Fiber* current;
static unsigned cluster_blocks;
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

void announce_to_cluster() {
  if (current->announced) {
    fault("announces itself to its cluster twice");
  }
  current->announced = true;
}

void cluster_barrier(bool announced) {
  if (current->announced != announced) {
    fault(announced ? "waits for its cluster without having announced itself" : "meets its cluster before it has waited for it");
  }
  current->announced = false;
  stop(State::AT_CLUSTER_BARRIER);
}

void store_to_block(void* p, const void* from, size_t bytes, int rank) {
  if (rank < 0 || rank >= static_cast<int>(cluster_blocks)) {
    fault("there is no such block in the cluster");
  }
  std::memcpy(checker::in_block(p, bytes, static_cast<unsigned>(rank)), from, bytes);
}

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
    checker::thread_ended();
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

static void begin_block(size_t threads) {
  for (size_t i = 0; i < threads; i++) {
    Fiber& fiber = fibers[i];
    if (!fiber.started) {
      getcontext(&fiber.start);
      fiber.stack.reset(new unsigned char[STACK_BYTES]);
      fiber.start.uc_stack.ss_sp = fiber.stack.get();
      fiber.start.uc_stack.ss_size = STACK_BYTES;
      fiber.start.uc_link = nullptr;
      makecontext(&fiber.start, enter, 0);
    }
    fiber.state = State::READY;
    fiber.together = Together::NOTHING;
    fiber.index = {static_cast<unsigned>(i), 0, 0};
    fiber.set = 0;
    fiber.announced = false;
    fiber.groups.clear();
    fiber.uncommitted.clear();
  }
}

static bool all_are(State state, size_t threads) {
  return std::all_of(fibers, fibers + threads, [&](const Fiber& fiber) { return fiber.state == state; });
}

// To its end, or to a barrier of its cluster.
static void run_block(size_t threads, const std::vector<size_t>& order) {
  while (true) {
    for (size_t i : order) {
      if (fibers[i].state == State::READY) {
        run(fibers[i]);
        if (!fault_message.empty()) {
          return;
        }
      }
    }
    if (all_are(State::DONE, threads) || all_are(State::AT_CLUSTER_BARRIER, threads)) {
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

// Neighbours in x, one after the other from barrier to barrier.
static void run_cluster(dim3 first, size_t threads, size_t shared_bytes, std::mt19937& random) {
  std::vector<size_t> order(threads);
  std::iota(order.begin(), order.end(), 0);
  std::vector<unsigned> ranks(cluster_blocks);
  std::iota(ranks.begin(), ranks.end(), 0);
  std::vector<void*> dynamic(cluster_blocks);
  auto select = [&](unsigned rank) {
    blockIdx = {first.x + rank, first.y, first.z};
    fibers = all_fibers.data() + rank * threads;
    shared = dynamic[rank];
    checker::select_block(rank);
  };
  for (unsigned rank : ranks) {
    dynamic[rank] = checker::begin_block(rank, ((first.z * gridDim.y) + first.y) * gridDim.x + first.x + rank, shared_bytes);
    select(rank);
    begin_block_of_hopper(threads, shared, shared_bytes);
    begin_block(threads);
  }
  while (true) {
    std::shuffle(ranks.begin(), ranks.end(), random);
    size_t ended = 0;
    for (unsigned rank : ranks) {
      select(rank);
      std::shuffle(order.begin(), order.end(), random);
      run_block(threads, order);
      if (!fault_message.empty()) {
        return;
      }
      ended += all_are(State::DONE, threads);
    }
    if (ended == cluster_blocks) {
      return;
    }
    if (ended != 0) {
      fault_message = "a block ends while others of its cluster wait at a barrier, " + checker::place();
      return;
    }
    for (unsigned rank : ranks) {
      select(rank);
      checker::cluster_barrier_passed();
      release(0, threads);
    }
  }
}

std::string run_grid(const std::string& name, dim3 grid, dim3 block, unsigned cluster, size_t shared_bytes,
                     const std::function<void()>& kernel) {
  static std::mt19937 random(1);
  fault_message.clear();
  cluster_blocks = cluster;
  if (all_fibers.size() < size_t{block.x} * cluster) {
    all_fibers.clear();  // no fiber may move while it stands in the middle of its stack
    all_fibers.resize(size_t{block.x} * cluster);
  }
  body = &kernel;
  blockDim = block;
  gridDim = grid;
  checker::begin_launch(name);
  std::vector<unsigned> clusters(size_t{grid.x} * grid.y * grid.z / cluster);
  std::iota(clusters.begin(), clusters.end(), 0);
  std::shuffle(clusters.begin(), clusters.end(), random);
  for (unsigned index : clusters) {
    unsigned serial = index * cluster;
    run_cluster({serial % grid.x, serial / grid.x % grid.y, serial / grid.x / grid.y}, block.x, shared_bytes, random);
    if (!fault_message.empty()) {
      all_fibers.clear();  // they stand in the middle of a kernel
      return fault_message;
    }
  }
  return "";
}

}  // namespace emulator
