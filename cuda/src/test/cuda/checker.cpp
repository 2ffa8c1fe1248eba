#include "checker.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <set>
#include <vector>

namespace emulator {
[[noreturn]] void fault(const char* what);
}

namespace checker {

constexpr size_t GRANULE = 2;  // the smallest thing a kernel reads
constexpr size_t ARENA_BYTES = size_t{16} << 30;
constexpr size_t PAGE_BYTES = 4096;
constexpr size_t MOST_BLOCKS = 8;  // of a cluster
constexpr unsigned MANY = 0xffffffff;
constexpr uint16_t MANY_THREADS = 0xffff;

struct Access {
  unsigned epoch;  // of global memory the launch, of shared memory the block; 0: never
  unsigned block;
  unsigned phase;  // barriers of the block so far
  uint16_t warpPhase;
  uint16_t thread : 15, atomic : 1;
};

struct Cell {
  Access write, read;
};

struct Allocation {
  size_t bytes;
  bool written;  // by a kernel
};

template <class T>
static T* reserve(size_t count, int protection) {
  void* p = mmap(nullptr, count * sizeof(T), protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) {
    std::perror("fake driver: no address space");
    std::abort();
  }
  return static_cast<T*>(p);
}

static unsigned char* const arena = reserve<unsigned char>(ARENA_BYTES, PROT_NONE);
static Cell* const arenaCells = reserve<Cell>(ARENA_BYTES / GRANULE, PROT_READ | PROT_WRITE);
static size_t nextOffset = PAGE_BYTES;
static std::map<unsigned char*, Allocation> ledger;
static size_t usedBytes;

// Shared memory: what kernels declare, one after the other with gaps between, and at the end what launches ask for.
constexpr size_t MOST_DECLARED_BYTES = 48 * 1024;
constexpr size_t GAP_BYTES = 128;

struct Declared {
  const void* key;
  size_t offset, bytes;
};

// A block and its shared memory. Those of a cluster are there together.
struct Block {
  alignas(1024) unsigned char sharedMemory[MOST_DECLARED_BYTES + MOST_SHARED_BYTES + GAP_BYTES];
  Cell sharedCells[(MOST_DECLARED_BYTES + MOST_SHARED_BYTES + GAP_BYTES) / GRANULE];
  std::vector<Declared> declared;
  size_t dynamicOffset, dynamicBytes;
  unsigned index, serial, phase;
  unsigned clusterPhase;  // the phase that began with the last barrier of the cluster
  bool hasEnded;          // a thread of it
  std::vector<unsigned> warpPhases;
  std::vector<bool> waited;
  bool fenced;
  std::set<unsigned> acquired;  // blocks whose writes this one may use
  std::vector<Cell*> storedByOthers;  // since then
};

static Block* const blocks = new Block[MOST_BLOCKS]();
static Block* now = blocks;

// Where the kernel is.
static std::string kernel;
static unsigned launch, serials, thread;
static bool atomic;
static std::map<const void*, std::vector<unsigned>> released;  // blocks, by the place of their atomicAdd

static size_t mappedBytes(size_t bytes) { return (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES; }

// Ends at the end of a page, but for what alignment takes; the page behind is never mapped.
unsigned char* allocate(size_t bytes) {
  if (ledger.empty() && nextOffset > ARENA_BYTES / 2) {
    nextOffset = PAGE_BYTES;
  }
  size_t mapped = mappedBytes(bytes);
  if (nextOffset + mapped + PAGE_BYTES > ARENA_BYTES) {
    return nullptr;
  }
  unsigned char* begin = arena + nextOffset;
  nextOffset += mapped + PAGE_BYTES;
  if (mprotect(begin, mapped, PROT_READ | PROT_WRITE) != 0) {
    return nullptr;
  }
  std::memset(begin, 0xff, mapped);  // NaN: who reads what nobody wrote, sees it
  unsigned char* p = begin + (mapped - bytes) / 16 * 16;
  ledger[p] = {bytes, false};
  usedBytes += bytes;
  return p;
}

static void unmap(unsigned char* p, size_t bytes) {
  unsigned char* begin = p - (mappedBytes(bytes) - bytes) / 16 * 16;
  size_t mapped = mappedBytes(bytes);
  madvise(begin, mapped, MADV_DONTNEED);
  mprotect(begin, mapped, PROT_NONE);
  Cell* cells = arenaCells + (begin - arena) / GRANULE;
  auto from = (reinterpret_cast<uintptr_t>(cells) + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
  auto to = reinterpret_cast<uintptr_t>(cells + mapped / GRANULE) / PAGE_BYTES * PAGE_BYTES;
  madvise(reinterpret_cast<void*>(from), to - from, MADV_DONTNEED);
}

bool free(void* p) {
  auto at = ledger.find(static_cast<unsigned char*>(p));
  if (at == ledger.end()) {
    return false;
  }
  usedBytes -= at->second.bytes;
  unmap(at->first, at->second.bytes);
  ledger.erase(at);
  return true;
}

void free_all() {
  for (const auto& a : ledger) {
    unmap(a.first, a.second.bytes);
  }
  ledger.clear();
  usedBytes = 0;
}

size_t allocations() { return ledger.size(); }
size_t bytes_used() { return usedBytes; }

static std::map<unsigned char*, Allocation>::iterator find(const void* p, size_t bytes) {
  auto next = ledger.upper_bound(static_cast<unsigned char*>(const_cast<void*>(p)));
  if (next == ledger.begin()) {
    return ledger.end();
  }
  --next;
  return static_cast<const unsigned char*>(p) + bytes <= next->first + next->second.bytes ? next : ledger.end();
}

bool inside(const void* p, size_t bytes) { return find(p, bytes) != ledger.end(); }

void begin_launch(const std::string& name) {
  kernel = name;
  launch++;
  released.clear();
}

void* begin_block(unsigned rank, unsigned index, size_t bytes) {
  now = blocks + rank;
  now->index = index;
  now->serial = ++serials;
  now->phase = now->clusterPhase = 0;
  now->hasEnded = now->fenced = atomic = false;
  now->warpPhases.assign(32, 0);
  now->waited.assign(1024, false);
  now->acquired.clear();
  now->storedByOthers.clear();
  std::memset(now->sharedMemory, 0xff, MOST_DECLARED_BYTES);  // NaN in every type
  now->declared.clear();
  now->dynamicBytes = bytes;
  // Hopper's matrices begin at multiples of 1,024.
  size_t alignment = bytes > 48 * 1024 ? 1024 : 16;
  now->dynamicOffset = MOST_DECLARED_BYTES + (MOST_SHARED_BYTES - bytes) / alignment * alignment;
  unsigned char* dynamic = now->sharedMemory + now->dynamicOffset;
  std::memset(dynamic, 0xff, sizeof now->sharedMemory - now->dynamicOffset);
  return dynamic;
}

void select_block(unsigned rank) { now = blocks + rank; }

void* static_shared(const void* key, size_t bytes) {
  size_t offset = 0;
  for (const Declared& d : now->declared) {
    if (d.key == key) {
      return now->sharedMemory + d.offset;
    }
    offset = (d.offset + d.bytes + 2 * GAP_BYTES - 1) / GAP_BYTES * GAP_BYTES;
  }
  if (offset + bytes > MOST_DECLARED_BYTES) {
    emulator::fault("declares too much shared memory");
  }
  now->declared.push_back({key, offset, bytes});
  return now->sharedMemory + offset;
}

static bool is_shared(size_t from, size_t bytes) {
  if (from >= now->dynamicOffset && from + bytes <= now->dynamicOffset + now->dynamicBytes) {
    return true;
  }
  for (const Declared& d : now->declared) {
    if (from >= d.offset && from + bytes <= d.offset + d.bytes) {
      return true;
    }
  }
  return false;
}

void set_thread(unsigned index) { thread = index; }
void block_barrier_passed() { now->phase++; }
void warp_barrier_passed(unsigned warp) { now->warpPhases[warp]++; }
void thread_waited() { now->waited[thread] = true; }
bool has_waited(unsigned index) { return now->waited[index]; }
void fence() { now->fenced = true; }
void begin_atomic() { atomic = true; }
void end_atomic() { atomic = false; }

std::string place() {
  return "kernel " + kernel + ", block " + std::to_string(now->index) + " of the launch, thread " + std::to_string(thread);
}

[[noreturn]] static void fail(const char* what, const void* p, size_t bytes) {
  char text[160];
  std::snprintf(text, sizeof text, "%s (%zu bytes at %p)", what, bytes, p);
  emulator::fault(text);
}

// Whether this thread may rely on what was done there, or has done it itself.
static bool ordered(const Access& before, unsigned epoch) {
  if (before.epoch != epoch) {
    return true;
  }
  if (before.block != now->index) {
    return before.block != MANY && now->acquired.count(before.block) != 0;
  }
  if (before.thread == thread) {
    return true;
  }
  bool sameWarp = before.thread != (MANY_THREADS & 0x7fff) && before.thread / 32u == thread / 32;
  return before.phase < now->phase || (sameWarp && before.warpPhase < now->warpPhases[thread / 32]);
}

static void note(Access& access, unsigned epoch, bool isRead) {
  bool other = isRead && access.epoch == epoch;
  bool otherBlock = other && access.block != now->index;
  bool otherThread = other && !otherBlock && access.phase == now->phase && access.thread != thread;
  access.epoch = epoch;
  access.block = otherBlock ? MANY : now->index;
  access.phase = now->phase;
  access.warpPhase = static_cast<uint16_t>(now->warpPhases[thread / 32]);
  access.thread = static_cast<uint16_t>((otherThread ? MANY_THREADS : thread) & 0x7fff);
  access.atomic = atomic;
}

static void check(Cell& cell, unsigned epoch, bool writes, bool isShared, const void* p, size_t bytes) {
  bool bothAtomic = atomic && cell.write.atomic;
  if (isShared && !writes && cell.write.epoch != epoch) {
    fail("reads shared memory that nobody wrote", p, bytes);
  }
  if (!bothAtomic && !ordered(cell.write, epoch)) {
    fail(writes ? "race: writes what another thread writes" : "race: reads what another thread writes", p, bytes);
  }
  if (writes && !atomic && !ordered(cell.read, epoch)) {
    fail("race: writes what another thread reads", p, bytes);
  }
  note(writes ? cell.write : cell.read, epoch, !writes);
}

void access(const void* address, size_t bytes, bool writes) {
  auto p = static_cast<const unsigned char*>(address);
  if (p < reinterpret_cast<unsigned char*>(PAGE_BYTES)) {
    fail("uses a null pointer", p, bytes);
  }
  Cell* cells = nullptr;
  bool isShared = true;
  if (p >= arena && p < arena + ARENA_BYTES) {
    isShared = false;
    static std::map<unsigned char*, Allocation>::iterator last;
    static unsigned lastLaunch;
    if (lastLaunch != launch || p < last->first || p + bytes > last->first + last->second.bytes) {
      last = find(p, bytes);
      lastLaunch = last == ledger.end() ? 0 : launch;
    }
    if (lastLaunch == 0) {
      fail(writes ? "writes outside of its memory" : "reads outside of its memory", p, bytes);
    }
    if (!now->waited[thread] && (writes || last->second.written)) {
      fail("uses what the kernel before may still be writing, before it has waited for it", p, bytes);
    }
    last->second.written |= writes;
    if (!last->second.written) {
      return;  // weights and tables: large, and never written by a kernel
    }
    cells = arenaCells + (p - arena) / GRANULE;
  } else if (p >= now->sharedMemory && p < now->sharedMemory + sizeof now->sharedMemory) {
    if (!is_shared(p - now->sharedMemory, bytes)) {
      fail("is outside of the shared memory of the launch", p, bytes);
    }
    cells = now->sharedCells + (p - now->sharedMemory) / GRANULE;
  } else {
    if (p >= reinterpret_cast<unsigned char*>(blocks) && p < reinterpret_cast<unsigned char*>(blocks + MOST_BLOCKS)) {
      fail("uses the shared memory of another block as its own", p, bytes);
    }
    return;  // the thread's own
  }
  if (atomic && !writes) {
    return;  // the half of an atomicAdd that reads
  }
  if (atomic) {
    std::vector<unsigned>& releasers = released[p];
    now->acquired.insert(releasers.begin(), releasers.end());
    if (now->fenced) {
      releasers.push_back(now->index);
      // What was acquired goes on to whom this block releases to.
      releasers.insert(releasers.end(), now->acquired.begin(), now->acquired.end());
    }
  }
  for (size_t i = 0; i * GRANULE < bytes; i++) {
    check(cells[i], isShared ? now->serial : launch, writes, isShared, p, bytes);
  }
}

// What is stored there is seen after the next barrier of the cluster; what the other block has done there was before the last.
void* in_block(void* p, size_t bytes, unsigned rank) {
  size_t from = static_cast<unsigned char*>(p) - now->sharedMemory;
  if (!is_shared(from, bytes)) {
    fail("is outside of the shared memory of the launch", p, bytes);
  }
  Block& other = blocks[rank];
  if (now->clusterPhase == 0) {
    fail("stores to another block before all of the cluster are there", p, bytes);
  }
  if (other.hasEnded) {
    fail("stores to shared memory of a block that has ended", p, bytes);
  }
  for (size_t i = 0; i * GRANULE < bytes; i++) {
    Cell& cell = other.sharedCells[from / GRANULE + i];
    for (const Access& before : {cell.write, cell.read}) {
      if (before.epoch == other.serial && before.phase >= other.clusterPhase) {
        fail("race: stores to another block what that one or a third uses", p, bytes);
      }
    }
    // Until the barrier nobody else may use it.
    cell.write = {other.serial, other.index, MANY, 0, MANY_THREADS & 0x7fff, 0};
    other.storedByOthers.push_back(&cell);
  }
  return other.sharedMemory + from;
}

void cluster_barrier_passed() {
  now->clusterPhase = ++now->phase;
  for (Cell* cell : now->storedByOthers) {
    cell->write.phase = 0;
  }
  now->storedByOthers.clear();
}

void thread_ended() {
  now->hasEnded = true;
  if (!now->storedByOthers.empty()) {
    emulator::fault("ends while another block of the cluster stores to its shared memory");
  }
}

}  // namespace checker

using checker::access;

// What code compiled with -fsanitize=thread calls.
extern "C" {
void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}
#define ACCESSES(size)                                                         \
  void __tsan_read##size(void* p) { access(p, size, false); }                  \
  void __tsan_write##size(void* p) { access(p, size, true); }                  \
  void __tsan_unaligned_read##size(void* p) { access(p, size, false); }        \
  void __tsan_unaligned_write##size(void* p) { access(p, size, true); }        \
  void __tsan_volatile_read##size(void* p) { access(p, size, false); }         \
  void __tsan_volatile_write##size(void* p) { access(p, size, true); }         \
  void __tsan_unaligned_volatile_read##size(void* p) { access(p, size, false); } \
  void __tsan_unaligned_volatile_write##size(void* p) { access(p, size, true); }
ACCESSES(1)
ACCESSES(2)
ACCESSES(4)
ACCESSES(8)
ACCESSES(16)
unsigned char __tsan_atomic8_load(const volatile unsigned char* p, int) { return *p; }
void __tsan_read_range(void* p, size_t bytes) { access(p, bytes, false); }
void __tsan_write_range(void* p, size_t bytes) { access(p, bytes, true); }

// What code compiled with checks of undefined behaviour calls: where it is comes first.
struct SourceLocation {
  const char* file;
  unsigned line, column;
};
static void undefined(const void* data, const char* what) {
  auto at = static_cast<const SourceLocation*>(data);
  char text[256];
  const char* name = std::strrchr(at->file, '/');
  std::snprintf(text, sizeof text, "%s at %s:%u", what, name == nullptr ? at->file : name + 1, at->line);
  emulator::fault(text);
}
void __ubsan_handle_type_mismatch_v1(void* data, void*) { undefined(data, "an address that is not aligned"); }
void __ubsan_handle_out_of_bounds(void* data, void*) { undefined(data, "an index outside of its array"); }
void __ubsan_handle_add_overflow(void* data, void*, void*) { undefined(data, "overflow of int in an addition"); }
void __ubsan_handle_sub_overflow(void* data, void*, void*) { undefined(data, "overflow of int in a subtraction"); }
void __ubsan_handle_mul_overflow(void* data, void*, void*) { undefined(data, "overflow of int in a multiplication"); }
void __ubsan_handle_negate_overflow(void* data, void*) { undefined(data, "overflow of int in a negation"); }
void __ubsan_handle_divrem_overflow(void* data, void*, void*) { undefined(data, "a division by 0"); }
void __ubsan_handle_shift_out_of_bounds(void* data, void*, void*) { undefined(data, "a shift by too many bits"); }
}
