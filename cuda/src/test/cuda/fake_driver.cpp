// A CUDA driver without a device: the calls of libcuda.so.1 that the backend makes, over the emulator. JCuda cannot tell it
// from the real one. Memory is malloc with guards around it, and every allocation is in a ledger.
#define NEXTCLASS_EMULATED 1
#include "kernels.cu"

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <ucontext.h>
#include <utility>
#include <vector>

uint3 threadIdx;
uint3 blockIdx;
dim3 blockDim;
dim3 gridDim;

namespace emulator {

constexpr size_t STACK_BYTES = 128 * 1024;
constexpr size_t MOST_SHARED_BYTES = 99 * 1024;
alignas(128) static unsigned char shared_bytes[MOST_SHARED_BYTES];

enum class State { READY, AT_BLOCK_BARRIER, AT_WARP_BARRIER, DONE };

struct Copy {
  void* to;
  unsigned char bytes[16];
};

struct Fiber {
  ucontext_t start;
  jmp_buf resume;
  bool started;
  State state;
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

void* dynamic_shared() { return shared_bytes; }
unsigned* shown_by(int lane) { return shown[threadIdx.x / 32][current->set][lane]; }
void turn() { current->set ^= 1; }

static void stop(State state) {
  current->state = state;
  if (_setjmp(current->resume) == 0) {
    _longjmp(scheduler, 1);
  }
}

void block_barrier() { stop(State::AT_BLOCK_BARRIER); }
void warp_barrier() { stop(State::AT_WARP_BARRIER); }

void fault(const char* what) {
  fault_message = what;
  current->started = false;
  stop(State::DONE);
  std::abort();
}

// The bytes are read at once and seen only after the wait: who forgets to wait reads what was there before.
void copy_later(void* to, const void* from, bool there) {
  if (reinterpret_cast<uintptr_t>(to) % 16 != 0 || (there && reinterpret_cast<uintptr_t>(from) % 16 != 0)) {
    fault("cp.async with an address that is no multiple of 16");
  }
  Copy copy{to, {}};
  if (there) {
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
      std::memcpy(copy.to, copy.bytes, 16);
    }
    current->groups.pop_front();
  }
}

// A fiber is made once and runs a thread of one block after another.
static void enter() {
  while (true) {
    (*body)();
    stop(State::DONE);
  }
}

static void run(Fiber& fiber) {
  current = &fiber;
  threadIdx = fiber.index;
  if (_setjmp(scheduler) != 0) {
    return;
  }
  if (fiber.started) {
    _longjmp(fiber.resume, 1);
  }
  fiber.started = true;
  setcontext(&fiber.start);
}

static void release(size_t from, size_t to, State barrier) {
  bool all = false;
  for (size_t i = from; i < to; i++) {
    if (fibers[i].state == State::READY || (barrier == State::AT_WARP_BARRIER && fibers[i].state == State::AT_BLOCK_BARRIER)) {
      return;
    }
    if (barrier == State::AT_BLOCK_BARRIER && fibers[i].state == State::AT_WARP_BARRIER) {
      return;
    }
    all |= fibers[i].state == barrier;
  }
  for (size_t i = from; all && i < to; i++) {
    if (fibers[i].state == barrier) {
      fibers[i].state = State::READY;
    }
  }
}

static void run_block(size_t threads, bool backwards) {
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
    fiber.index = {static_cast<unsigned>(i), 0, 0};
    fiber.set = 0;
    fiber.groups.clear();
    fiber.uncommitted.clear();
  }
  std::memset(shared_bytes, 0xff, sizeof shared_bytes);  // NaN in every type
  while (true) {
    bool ran = false;
    bool left = false;
    for (size_t j = 0; j < threads; j++) {
      Fiber& fiber = fibers[backwards ? threads - 1 - j : j];
      if (fiber.state == State::READY) {
        run(fiber);
        ran = true;
        if (!fault_message.empty()) {
          return;
        }
      }
      left |= fiber.state != State::DONE;
    }
    if (!left) {
      return;
    }
    for (size_t warp = 0; warp < threads; warp += 32) {
      release(warp, std::min(warp + 32, threads), State::AT_WARP_BARRIER);
    }
    release(0, threads, State::AT_BLOCK_BARRIER);
    if (!ran) {
      bool ready = false;
      for (size_t i = 0; i < threads; i++) {
        ready |= fibers[i].state == State::READY;
      }
      if (!ready) {
        fault_message = "threads of a block wait at different barriers";
        return;
      }
    }
  }
}

static std::string run_grid(dim3 grid, dim3 block, size_t shared, const std::function<void()>& kernel) {
  fault_message.clear();
  if (shared > MOST_SHARED_BYTES || block.x > 1024 || block.x % 32 != 0 || block.y != 1 || block.z != 1) {
    return "a launch that no device takes";
  }
  if (fibers.size() < block.x) {
    fibers.resize(block.x);
  }
  body = &kernel;
  blockDim = block;
  gridDim = grid;
  bool backwards = false;
  for (unsigned z = 0; z < grid.z; z++) {
    for (unsigned y = 0; y < grid.y; y++) {
      for (unsigned x = 0; x < grid.x; x++) {
        blockIdx = {x, y, z};
        run_block(block.x, backwards);
        if (!fault_message.empty()) {
          fibers.clear();  // they stand in the middle of a kernel
          return fault_message;
        }
        backwards = !backwards;
      }
    }
  }
  return "";
}

// ---------------------------------------------------------------- kernels by name

// Copies the parameters, as a launch does, and returns what runs the kernel with them.
using Binder = std::function<void()> (*)(void**);

template <auto FUNCTION, class... A, size_t... I>
std::function<void()> bind(void** parameters, void (*)(A...), std::index_sequence<I...>) {
  std::tuple<A...> copied(*static_cast<A*>(parameters[I])...);
  return [copied] { std::apply(FUNCTION, copied); };
}

template <class... A>
constexpr auto indices(void (*)(A...)) {
  return std::index_sequence_for<A...>();
}

template <auto FUNCTION>
std::function<void()> bind(void** parameters) {
  return bind<FUNCTION>(parameters, FUNCTION, indices(FUNCTION));
}

static const std::map<std::string, Binder>& kernels() {
  static const std::map<std::string, Binder> all = {
#define NAMED(name) {#name, bind<name>},
#include "kernel_names.inc"
#undef NAMED
  };
  return all;
}

// ---------------------------------------------------------------- memory

constexpr size_t GUARD_BYTES = 256;
constexpr unsigned char GUARD = 0xa5;

static std::map<unsigned char*, size_t> ledger;
static std::map<void*, size_t> host_ledger;
static long peak_bytes, used_bytes, launches, graph_launches, overlapping;
static size_t most_bytes = size_t{1} << 34;
static int version = 12060, capability = 90, devices = 1;
static int fail_after = -1;

static bool damaged(unsigned char* p, size_t bytes) {
  for (size_t i = 1; i <= GUARD_BYTES; i++) {
    if (p[-static_cast<ptrdiff_t>(i)] != GUARD || p[bytes + i - 1] != GUARD) {
      return true;
    }
  }
  return false;
}

static bool inside(const void* p, size_t bytes) {
  auto next = ledger.upper_bound(static_cast<unsigned char*>(const_cast<void*>(p)));
  if (next == ledger.begin()) {
    return false;
  }
  --next;
  return static_cast<const unsigned char*>(p) + bytes <= next->first + next->second;
}

}  // namespace emulator

using namespace emulator;

struct Launch {
  std::function<void()> kernel;
  dim3 grid, block;
  size_t shared;
};

using Graph = std::vector<Launch>;
static Graph* capturing;
static long graphs;

constexpr int OK = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, ILLEGAL_ADDRESS = 700, LAUNCH_FAILED = 719, NOT_FOUND = 500,
              CAPTURE_UNSUPPORTED = 900;

static int run_now(const Launch& launch) {
  if (fail_after >= 0 && fail_after-- == 0) {
    return ILLEGAL_ADDRESS;
  }
  std::string fault = run_grid(launch.grid, launch.block, launch.shared, launch.kernel);
  if (!fault.empty()) {
    std::fprintf(stderr, "fake driver: %s\n", fault.c_str());
    return LAUNCH_FAILED;
  }
  return OK;
}

static int start(void* function, dim3 grid, dim3 block, size_t shared, void** parameters) {
  if (function == nullptr || grid.x == 0 || grid.y == 0 || grid.z == 0 || grid.y > 65535 || grid.z > 65535) {
    return INVALID_VALUE;
  }
  Launch launch{reinterpret_cast<Binder>(function)(parameters), grid, block, shared};
  launches++;
  if (capturing != nullptr) {
    capturing->push_back(std::move(launch));
    return OK;
  }
  return run_now(launch);
}

struct LaunchAttribute {
  int id;
  int padding;
  int value[16];
};

struct LaunchConfig {
  unsigned grid[3], block[3], shared;
  void* stream;
  LaunchAttribute* attributes;
  unsigned count;
};
static_assert(sizeof(LaunchConfig) == 56 && sizeof(LaunchAttribute) == 72, "as in cuda.h");

extern "C" {
int cuInit(unsigned) { return devices < 0 ? 100 : OK; }
int cuDriverGetVersion(int* v) { return *v = version, OK; }
int cuDeviceGetCount(int* n) { return *n = devices, OK; }
int cuDeviceGet(int* device, int i) { return *device = i, OK; }
int cuDeviceGetName(char* name, int length, int) { return std::snprintf(name, length, "fake device"), OK; }
int cuDeviceTotalMem_v2(size_t* bytes, int) { return *bytes = most_bytes, OK; }
int cuDeviceGetAttribute(int* value, int attribute, int) {
  switch (attribute) {
    case 16: *value = 4; break;                                       // multiprocessors
    case 75: *value = capability / 10; break;                         // compute capability, major
    case 76: *value = capability % 10; break;                         // and minor
    case 97: *value = static_cast<int>(MOST_SHARED_BYTES); break;     // shared memory a block may have
    default: return INVALID_VALUE;
  }
  return OK;
}
int cuDevicePrimaryCtxRetain(void** context, int) { return *context = &ledger, OK; }
int cuDevicePrimaryCtxRelease_v2(int) { return OK; }
int cuCtxPushCurrent_v2(void*) { return OK; }
int cuCtxPopCurrent_v2(void** context) { return *context = &ledger, OK; }
int cuStreamCreate(void** stream, unsigned) { return *stream = &devices, OK; }
int cuStreamDestroy_v2(void*) { return OK; }
int cuStreamSynchronize(void*) { return capturing != nullptr ? CAPTURE_UNSUPPORTED : OK; }
int cuGetErrorName(int code, const char** name) {
  *name = code == OUT_OF_MEMORY     ? "CUDA_ERROR_OUT_OF_MEMORY"
          : code == ILLEGAL_ADDRESS ? "CUDA_ERROR_ILLEGAL_ADDRESS"
          : code == LAUNCH_FAILED   ? "CUDA_ERROR_LAUNCH_FAILED"
                                    : "CUDA_ERROR_UNKNOWN";
  return OK;
}

int cuMemGetInfo_v2(size_t* free_bytes, size_t* total) {
  *total = most_bytes;
  *free_bytes = most_bytes - used_bytes;
  return OK;
}
int cuMemAlloc_v2(unsigned char** p, size_t bytes) {
  if (capturing != nullptr) return CAPTURE_UNSUPPORTED;
  if (bytes == 0) return INVALID_VALUE;
  if (bytes > most_bytes - used_bytes) return OUT_OF_MEMORY;
  unsigned char* base = static_cast<unsigned char*>(std::aligned_alloc(256, (bytes + 2 * GUARD_BYTES + 255) / 256 * 256));
  std::memset(base, GUARD, bytes + 2 * GUARD_BYTES);
  *p = base + GUARD_BYTES;
  std::memset(*p, 0xff, bytes);  // NaN: who reads what nobody wrote, sees it
  ledger[*p] = bytes;
  used_bytes += static_cast<long>(bytes);
  peak_bytes = std::max(peak_bytes, used_bytes);
  return OK;
}
int cuMemFree_v2(unsigned char* p) {
  auto at = ledger.find(p);
  if (at == ledger.end()) return INVALID_VALUE;
  bool bad = damaged(p, at->second);
  used_bytes -= static_cast<long>(at->second);
  std::free(p - GUARD_BYTES);
  ledger.erase(at);
  return bad ? ILLEGAL_ADDRESS : OK;
}
int cuMemHostAlloc(void** p, size_t bytes, unsigned) {
  *p = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
  host_ledger[*p] = bytes;
  return OK;
}
int cuMemFreeHost(void* p) {
  if (host_ledger.erase(p) == 0) return INVALID_VALUE;
  std::free(p);
  return OK;
}
int cuMemcpyHtoDAsync_v2(void* to, const void* from, size_t bytes, void*) {
  if (!inside(to, bytes)) return INVALID_VALUE;
  std::memcpy(to, from, bytes);
  return OK;
}
int cuMemcpyDtoHAsync_v2(void* to, const void* from, size_t bytes, void*) {
  if (!inside(from, bytes)) return INVALID_VALUE;
  std::memcpy(to, from, bytes);
  return OK;
}
int cuMemcpyDtoDAsync_v2(void* to, const void* from, size_t bytes, void*) {
  if (!inside(from, bytes) || !inside(to, bytes)) return INVALID_VALUE;
  std::memcpy(to, from, bytes);
  return OK;
}
int cuMemsetD8Async(void* to, unsigned char value, size_t bytes, void*) {
  if (!inside(to, bytes)) return INVALID_VALUE;
  std::memset(to, value, bytes);
  return OK;
}

int cuModuleLoadData(void** module, const void* image) {
  // A driver knows the PTX of its own time: what says more is refused.
  const char* at = std::strstr(static_cast<const char*>(image), ".version ");
  if (at == nullptr || std::atof(at + 9) > (version >= 12000 ? 8.0 : 7.5)) return 222;
  *module = &ledger;
  return OK;
}
int cuModuleUnload(void*) { return OK; }
int cuModuleGetFunction(void** function, void*, const char* name) {
  auto at = kernels().find(name);
  if (at == kernels().end()) return NOT_FOUND;
  *function = reinterpret_cast<void*>(at->second);
  return OK;
}
// A real one subtracts what the kernel declares; none here declares more than 1,024 bytes.
int cuFuncSetAttribute(void*, int, int value) {
  return value > static_cast<int>(MOST_SHARED_BYTES) - 1024 ? INVALID_VALUE : OK;
}

int cuLaunchKernel(void* function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                   unsigned shared, void*, void** parameters, void**) {
  return start(function, {gx, gy, gz}, {bx, by, bz}, shared, parameters);
}
int cuLaunchKernelEx(const LaunchConfig* config, void* function, void** parameters, void**) {
  for (unsigned i = 0; i < config->count; i++) {
    if (config->attributes[i].id != 6 || config->attributes[i].value[0] != 1) return INVALID_VALUE;
    overlapping++;
  }
  const unsigned* g = config->grid;
  const unsigned* b = config->block;
  return start(function, {g[0], g[1], g[2]}, {b[0], b[1], b[2]}, config->shared, parameters);
}

int cuStreamBeginCapture_v2(void*, int) {
  if (capturing != nullptr) return INVALID_VALUE;
  capturing = new Graph();
  return OK;
}
int cuStreamEndCapture(void*, void** graph) {
  if (capturing == nullptr) return INVALID_VALUE;
  *graph = capturing;
  capturing = nullptr;
  graphs++;
  return OK;
}
int cuGraphInstantiateWithFlags(void** exec, void* graph, unsigned long long) {
  *exec = new Graph(*static_cast<Graph*>(graph));
  graphs++;
  return OK;
}
int cuGraphDestroy(void* graph) { return delete static_cast<Graph*>(graph), graphs--, OK; }
int cuGraphExecDestroy(void* graph) { return delete static_cast<Graph*>(graph), graphs--, OK; }
int cuGraphLaunch(void* exec, void*) {
  graph_launches++;
  for (const Launch& launch : *static_cast<Graph*>(exec)) {
    int code = run_now(launch);
    if (code != OK) return code;
  }
  return OK;
}

// ---------------------------------------------------------------- for the tests

long fake_allocations() { return static_cast<long>(ledger.size() + host_ledger.size()) + graphs; }
long fake_peak_bytes() { return peak_bytes; }
long fake_launches() { return launches; }
long fake_graph_launches() { return graph_launches; }
long fake_overlapping_launches() { return overlapping; }
long fake_damaged() {
  return std::count_if(ledger.begin(), ledger.end(), [](const auto& a) { return damaged(a.first, a.second); });
}
void fake_machine(int driver, int count, int compute, long bytes) {
  version = driver, devices = count, capability = compute, most_bytes = static_cast<size_t>(bytes);
}
void fake_forget_allocations() {
  for (const auto& a : ledger) std::free(a.first - GUARD_BYTES);
  ledger.clear(), host_ledger.clear(), used_bytes = graphs = 0;
}
void fake_fail_after(int kernels) { fail_after = kernels; }
}
