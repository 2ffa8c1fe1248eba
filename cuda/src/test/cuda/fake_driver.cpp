// A CUDA driver without a device: the calls of libcuda.so.1 that the backend makes, over the emulator. JCuda cannot tell it
// from the real one, but for being stricter:
//
//   stream     nothing runs before somebody waits: who reads too early, or overwrites what is still to be copied, gets other
//              numbers. With blocking launches (CUDA_LAUNCH_BLOCKING=1 of the real one) everything runs at once
//   context    is current or not for each thread, and every call that needs one asks
//   capture    no memory, copy or wait until it ends
//   errors     of kernels stay until the context is given back
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "checker.h"
#include "emulator.h"

constexpr int OK = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, NO_DEVICE = 100, INVALID_CONTEXT = 201, INVALID_PTX = 218,
              UNSUPPORTED_PTX_VERSION = 222, NOT_FOUND = 500, ILLEGAL_ADDRESS = 700, LAUNCH_FAILED = 719, NOT_SUPPORTED = 801,
              CAPTURE_UNSUPPORTED = 900, CAPTURE_INVALIDATED = 901;

constexpr size_t SHARED_BYTES_WITHOUT_ASKING = 48 * 1024;
constexpr size_t MOST_DECLARED_BYTES = 1024;  // of shared memory that a kernel declares

struct Function {
  std::string name;
  emulator::Binder bind;
  size_t most_shared_bytes;
};

struct Launch {
  std::string name;
  std::function<void()> kernel;
  dim3 grid, block;
  unsigned cluster;
  size_t shared;
};

using Graph = std::vector<Launch>;

static std::map<void*, size_t> host_ledger;
static std::map<std::string, Function> functions;
static std::deque<std::function<int()>> stream;  // what was put on it and has not run
static Graph* capturing;
static bool capture_is_invalid;
static long graphs, launches, graph_launches, overlapping, waits;
static int retained;  // how often, and not released
static bool blocking;
static int sticky;
static std::string last_fault;

// The machine.
static size_t most_bytes = size_t{1} << 34;
static int of_environment(const char* name, int otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::atoi(value);
}
static int version = of_environment("FAKE_DRIVER_VERSION", 12060), capability = 90, devices = 1, multiprocessors = 4;
static size_t most_shared_bytes = 99 * 1024;
static int fail_after = -1;

static thread_local int contexts;  // pushed by this thread

// Of a call that needs a context.
static int state() { return contexts == 0 || retained == 0 ? INVALID_CONTEXT : sticky; }

static int outside_of_capture() {
  if (capturing != nullptr) {
    capture_is_invalid = true;
    return CAPTURE_UNSUPPORTED;
  }
  return state();
}

#define REQUIRE(code)         \
  if (int no = (code); no) {  \
    return no;                \
  }

static int run(const Launch& launch) {
  if (fail_after >= 0 && fail_after-- == 0) {
    return ILLEGAL_ADDRESS;
  }
  last_fault = emulator::run_grid(launch.name, launch.grid, launch.block, launch.cluster, launch.shared, launch.kernel);
  if (!last_fault.empty()) {
    std::fprintf(stderr, "fake driver: %s\n", last_fault.c_str());
    return LAUNCH_FAILED;
  }
  return OK;
}

static int wait() {
  while (sticky == OK && !stream.empty()) {
    sticky = stream.front()();
    stream.pop_front();
  }
  stream.clear();
  return sticky;
}

static int enqueue(std::function<int()> work) {
  stream.push_back(std::move(work));
  return blocking ? wait() : OK;
}

static bool is_pinned(const void* p, size_t bytes) {
  auto next = host_ledger.upper_bound(const_cast<void*>(p));
  if (next == host_ledger.begin()) {
    return false;
  }
  --next;
  return static_cast<const char*>(p) + bytes <= static_cast<const char*>(next->first) + next->second;
}

static int start(void* of, dim3 grid, dim3 block, unsigned cluster, size_t shared, void** parameters) {
  REQUIRE(state());
  auto function = static_cast<Function*>(of);
  bool fits = function != nullptr && grid.x > 0 && grid.y > 0 && grid.z > 0 && grid.x <= 0x7fffffff && grid.y <= 65535 &&
              grid.z <= 65535 && block.x > 0 && block.x <= 1024 && block.x % 32 == 0 && block.y == 1 && block.z == 1 &&
              cluster <= 8 && grid.x % cluster == 0 && shared <= function->most_shared_bytes;
  if (!fits) {
    return INVALID_VALUE;
  }
  Launch launch{function->name, function->bind(parameters), grid, block, cluster, shared};
  launches++;
  if (capturing != nullptr) {
    capturing->push_back(std::move(launch));
    return OK;
  }
  return enqueue([launch] { return run(launch); });
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
int cuInit(unsigned) { return devices < 0 ? NO_DEVICE : OK; }
int cuDriverGetVersion(int* v) { return *v = version, OK; }
int cuDeviceGetCount(int* n) { return *n = devices, OK; }
int cuDeviceGet(int* device, int i) { return *device = i, i < devices ? OK : INVALID_VALUE; }
int cuDeviceGetName(char* name, int length, int) { return std::snprintf(name, length, "fake device"), OK; }
int cuDeviceTotalMem_v2(size_t* bytes, int) { return *bytes = most_bytes, OK; }
int cuDeviceGetAttribute(int* value, int attribute, int) {
  switch (attribute) {
    case 16: *value = multiprocessors; break;
    case 75: *value = capability / 10; break;
    case 76: *value = capability % 10; break;
    case 97: *value = static_cast<int>(most_shared_bytes); break;  // of a block that asks
    default: return INVALID_VALUE;
  }
  return OK;
}
int cuDevicePrimaryCtxRetain(void** context, int) { return retained++, *context = &graphs, OK; }
int cuDevicePrimaryCtxRelease_v2(int) {
  if (retained == 0) return INVALID_CONTEXT;
  if (--retained > 0) return sticky;
  if (sticky != OK) {  // what a broken context held is gone with it
    checker::free_all();
    host_ledger.clear();
    graphs = 0;
    delete capturing;
    capturing = nullptr;
    stream.clear();
  }
  sticky = OK;
  return OK;
}
int cuCtxPushCurrent_v2(void* context) { return context == nullptr ? INVALID_CONTEXT : (contexts++, OK); }
int cuCtxPopCurrent_v2(void** context) {
  if (contexts == 0) return INVALID_CONTEXT;
  contexts--;
  return *context = &graphs, OK;
}
int cuStreamCreate(void** s, unsigned) { return *s = &devices, state(); }
int cuStreamDestroy_v2(void*) {
  REQUIRE(state());
  return wait();
}
int cuStreamSynchronize(void*) {
  REQUIRE(outside_of_capture());
  waits++;
  return wait();
}
int cuGetErrorName(int code, const char** name) {
  *name = code == OUT_OF_MEMORY     ? "CUDA_ERROR_OUT_OF_MEMORY"
          : code == ILLEGAL_ADDRESS ? "CUDA_ERROR_ILLEGAL_ADDRESS"
          : code == LAUNCH_FAILED   ? "CUDA_ERROR_LAUNCH_FAILED"
                                    : "CUDA_ERROR_UNKNOWN";
  return OK;
}

int cuMemGetInfo_v2(size_t* free_bytes, size_t* total) {
  REQUIRE(state());
  *total = most_bytes;
  *free_bytes = most_bytes - checker::bytes_used();
  return OK;
}
int cuMemAlloc_v2(unsigned char** p, size_t bytes) {
  REQUIRE(outside_of_capture());
  if (bytes == 0) return INVALID_VALUE;
  if (bytes > most_bytes - checker::bytes_used()) return OUT_OF_MEMORY;
  *p = checker::allocate(bytes);
  return *p == nullptr ? OUT_OF_MEMORY : OK;
}
// The real one waits for what runs as well.
int cuMemFree_v2(unsigned char* p) {
  REQUIRE(state());
  REQUIRE(wait());
  return checker::free(p) ? OK : INVALID_VALUE;
}
int cuMemHostAlloc(void** p, size_t bytes, unsigned) {
  REQUIRE(outside_of_capture());
  *p = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
  std::memset(*p, 0xff, bytes);
  host_ledger[*p] = bytes;
  return OK;
}
int cuMemFreeHost(void* p) {
  REQUIRE(state());
  REQUIRE(wait());
  if (host_ledger.erase(p) == 0) return INVALID_VALUE;
  std::free(p);
  return OK;
}
int cuMemcpyHtoDAsync_v2(void* to, const void* from, size_t bytes, void*) {
  REQUIRE(outside_of_capture());
  if (!checker::inside(to, bytes) || !is_pinned(from, bytes)) return INVALID_VALUE;
  return enqueue([=] { return std::memcpy(to, from, bytes), OK; });
}
int cuMemcpyDtoHAsync_v2(void* to, const void* from, size_t bytes, void*) {
  REQUIRE(outside_of_capture());
  if (!checker::inside(from, bytes) || !is_pinned(to, bytes)) return INVALID_VALUE;
  return enqueue([=] { return std::memcpy(to, from, bytes), OK; });
}
int cuMemcpyDtoDAsync_v2(void* to, const void* from, size_t bytes, void*) {
  REQUIRE(outside_of_capture());
  if (!checker::inside(from, bytes) || !checker::inside(to, bytes)) return INVALID_VALUE;
  return enqueue([=] { return std::memcpy(to, from, bytes), OK; });
}
int cuMemsetD8Async(void* to, unsigned char value, size_t bytes, void*) {
  REQUIRE(outside_of_capture());
  if (!checker::inside(to, bytes)) return INVALID_VALUE;
  return enqueue([=] { return std::memset(to, value, bytes), OK; });
}

int cuModuleLoadData(void** module, const void* image) {
  REQUIRE(outside_of_capture());
  // A driver knows the PTX of its own time: what says more is refused.
  const char* at = std::strstr(static_cast<const char*>(image), ".version ");
  if (at == nullptr) return INVALID_PTX;
  if (std::atof(at + 9) > (version >= 12000 ? 8.0 : 7.5)) return UNSUPPORTED_PTX_VERSION;
  *module = &functions;
  return OK;
}
int cuModuleLoadDataEx(void** module, const void* image, unsigned count, int* options, void** values) {
  for (unsigned i = 0; i < count; i++) {
    if (options[i] == 5) std::strcpy(static_cast<char*>(values[i]), "ptxas fatal: as the compiler says");  // error log
  }
  return cuModuleLoadData(module, image);
}
int cuModuleUnload(void*) { return state(); }
int cuModuleGetFunction(void** function, void*, const char* name) {
  REQUIRE(state());
  emulator::Binder bind = emulator::find_kernel(name);
  if (bind == nullptr) return NOT_FOUND;
  Function& found = functions[name];
  found = {name, bind, SHARED_BYTES_WITHOUT_ASKING};
  *function = &found;
  return OK;
}
// A real one subtracts what the kernel declares.
int cuFuncSetAttribute(void* function, int attribute, int value) {
  REQUIRE(state());
  if (attribute != 8 || value < 0 || value + MOST_DECLARED_BYTES > most_shared_bytes) return INVALID_VALUE;
  static_cast<Function*>(function)->most_shared_bytes = static_cast<size_t>(value);
  return OK;
}

// Only what this project asks for: BF16 in boxes of 64 columns, swizzled, with zeros outside.
int cuTensorMapEncodeTiled(void* map, int type, unsigned rank, void* address, const uint64_t* sizes, const uint64_t* strides,
                           const uint32_t* box, const uint32_t* steps, int interleave, int swizzle, int, int fill) {
  bool fits = reinterpret_cast<uintptr_t>(map) % 64 == 0 && type == 9 && rank == 2 &&
              reinterpret_cast<uintptr_t>(address) % 16 == 0 && sizes[0] > 0 && sizes[1] > 0 && strides[0] % 16 == 0 &&
              strides[0] >= 2 * sizes[0] && box[0] * 2 == 128 && box[1] > 0 && box[1] <= 256 && steps[0] == 1 &&
              steps[1] == 1 && interleave == 0 && swizzle == 3 && fill == 0;
  if (!fits) return INVALID_VALUE;
  emulator::TensorMap made = {static_cast<unsigned char*>(address), sizes[1], sizes[0], strides[0], box[1], box[0], {}};
  std::memcpy(map, &made, sizeof made);
  return OK;
}

int cuLaunchKernel(void* function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                   unsigned shared, void*, void** parameters, void**) {
  return start(function, {gx, gy, gz}, {bx, by, bz}, 1, shared, parameters);
}
int cuLaunchKernelEx(const LaunchConfig* config, void* function, void** parameters, void**) {
  unsigned cluster = 1;
  for (unsigned i = 0; i < config->count; i++) {
    const int* value = config->attributes[i].value;
    if (config->attributes[i].id == 4) {
      if (capability < 90) return NOT_SUPPORTED;
      if (value[0] < 1 || value[1] != 1 || value[2] != 1) return INVALID_VALUE;
      cluster = static_cast<unsigned>(value[0]);
    } else {
      if (config->attributes[i].id != 6 || value[0] != 1) return INVALID_VALUE;
      if (capturing != nullptr && version < 12030) return NOT_SUPPORTED;
      overlapping++;
    }
  }
  const unsigned* g = config->grid;
  const unsigned* b = config->block;
  return start(function, {g[0], g[1], g[2]}, {b[0], b[1], b[2]}, cluster, config->shared, parameters);
}

int cuStreamBeginCapture_v2(void*, int) {
  REQUIRE(state());
  if (capturing != nullptr) return INVALID_VALUE;
  capturing = new Graph();
  capture_is_invalid = false;
  return OK;
}
int cuStreamEndCapture(void*, void** graph) {
  if (capturing == nullptr) return INVALID_VALUE;
  *graph = nullptr;
  if (capture_is_invalid || sticky != OK) {
    delete capturing;
    capturing = nullptr;
    return sticky != OK ? sticky : CAPTURE_INVALIDATED;
  }
  *graph = capturing;
  capturing = nullptr;
  graphs++;
  return OK;
}
int cuGraphInstantiateWithFlags(void** exec, void* graph, unsigned long long) {
  REQUIRE(state());
  *exec = new Graph(*static_cast<Graph*>(graph));
  graphs++;
  return OK;
}
int cuGraphDestroy(void* graph) { return delete static_cast<Graph*>(graph), graphs--, OK; }
int cuGraphExecDestroy(void* graph) {
  REQUIRE(wait());
  return delete static_cast<Graph*>(graph), graphs--, OK;
}
int cuGraphLaunch(void* exec, void*) {
  REQUIRE(outside_of_capture());
  graph_launches++;
  for (const Launch& launch : *static_cast<Graph*>(exec)) {
    REQUIRE(enqueue([launch] { return run(launch); }));
  }
  return OK;
}

// ---------------------------------------------------------------- for the tests

long fake_allocations() { return static_cast<long>(checker::allocations() + host_ledger.size()) + graphs; }
long fake_waits() { return waits; }
long fake_launches() { return launches; }
long fake_graph_launches() { return graph_launches; }
long fake_overlapping_launches() { return overlapping; }
long fake_contexts() { return contexts + retained; }
const char* fake_last_fault() { return last_fault.c_str(); }
void fake_machine(int driver, int count, int compute, long bytes) {
  version = driver, devices = count, capability = compute, most_bytes = static_cast<size_t>(bytes);
}
void fake_device(int processors, int shared_bytes) {
  multiprocessors = processors, most_shared_bytes = static_cast<size_t>(shared_bytes);
}
void fake_blocking(int on) { blocking = on != 0; }
void fake_fail_after(int kernels) { fail_after = kernels; }
}
