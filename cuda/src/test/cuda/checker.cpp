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

alignas(1024) static unsigned char sharedMemory[MOST_DECLARED_BYTES + MOST_SHARED_BYTES + GAP_BYTES];
static Cell sharedCells[sizeof sharedMemory / GRANULE];
static std::vector<Declared> declared;
static size_t dynamicOffset, dynamicBytes;

// Where the kernel is.
static std::string kernel;
static unsigned launch, block, blockSerial, thread, phase;
static std::vector<unsigned> warpPhases(32);
static std::vector<bool> waited(1024);
static bool atomic, fenced;
static std::map<const void*, std::vector<unsigned>> released;  // blocks, by the place of their atomicAdd
static std::set<unsigned> acquired;                            // blocks whose writes this one may use

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

void* begin_block(unsigned serial, size_t bytes) {
  block = serial;
  blockSerial++;
  phase = 0;
  warpPhases.assign(32, 0);
  waited.assign(1024, false);
  fenced = atomic = false;
  acquired.clear();
  std::memset(sharedMemory, 0xff, MOST_DECLARED_BYTES);  // NaN in every type
  declared.clear();
  dynamicBytes = bytes;
  // Hopper's matrices begin at multiples of 1,024.
  size_t alignment = bytes > 48 * 1024 ? 1024 : 16;
  dynamicOffset = MOST_DECLARED_BYTES + (MOST_SHARED_BYTES - bytes) / alignment * alignment;
  std::memset(sharedMemory + dynamicOffset, 0xff, sizeof sharedMemory - dynamicOffset);
  return sharedMemory + dynamicOffset;
}

void* static_shared(const void* key, size_t bytes) {
  size_t offset = 0;
  for (const Declared& d : declared) {
    if (d.key == key) {
      return sharedMemory + d.offset;
    }
    offset = (d.offset + d.bytes + 2 * GAP_BYTES - 1) / GAP_BYTES * GAP_BYTES;
  }
  if (offset + bytes > MOST_DECLARED_BYTES) {
    emulator::fault("declares too much shared memory");
  }
  declared.push_back({key, offset, bytes});
  return sharedMemory + offset;
}

static bool is_shared(const unsigned char* p, size_t bytes) {
  size_t from = p - sharedMemory;
  if (from >= dynamicOffset && from + bytes <= dynamicOffset + dynamicBytes) {
    return true;
  }
  for (const Declared& d : declared) {
    if (from >= d.offset && from + bytes <= d.offset + d.bytes) {
      return true;
    }
  }
  return false;
}

void set_thread(unsigned index) { thread = index; }
void block_barrier_passed() { phase++; }
void warp_barrier_passed(unsigned warp) { warpPhases[warp]++; }
void thread_waited() { waited[thread] = true; }
bool has_waited(unsigned index) { return waited[index]; }
void fence() { fenced = true; }
void begin_atomic() { atomic = true; }
void end_atomic() { atomic = false; }

std::string place() {
  return "kernel " + kernel + ", block " + std::to_string(block) + " of the launch, thread " + std::to_string(thread);
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
  if (before.block != block) {
    return before.block != MANY && acquired.count(before.block) != 0;
  }
  if (before.thread == thread) {
    return true;
  }
  bool sameWarp = before.thread != (MANY_THREADS & 0x7fff) && before.thread / 32u == thread / 32;
  return before.phase < phase || (sameWarp && before.warpPhase < warpPhases[thread / 32]);
}

static void note(Access& access, unsigned epoch, bool isRead) {
  bool other = isRead && access.epoch == epoch;
  bool otherBlock = other && access.block != block;
  bool otherThread = other && !otherBlock && access.phase == phase && access.thread != thread;
  access.epoch = epoch;
  access.block = otherBlock ? MANY : block;
  access.phase = phase;
  access.warpPhase = static_cast<uint16_t>(warpPhases[thread / 32]);
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
    if (!waited[thread] && (writes || last->second.written)) {
      fail("uses what the kernel before may still be writing, before it has waited for it", p, bytes);
    }
    last->second.written |= writes;
    if (!last->second.written) {
      return;  // weights and tables: large, and never written by a kernel
    }
    cells = arenaCells + (p - arena) / GRANULE;
  } else if (p >= sharedMemory && p < sharedMemory + sizeof sharedMemory) {
    if (!is_shared(p, bytes)) {
      fail("is outside of the shared memory of the launch", p, bytes);
    }
    cells = sharedCells + (p - sharedMemory) / GRANULE;
  } else {
    return;  // the thread's own
  }
  if (atomic && !writes) {
    return;  // the half of an atomicAdd that reads
  }
  if (atomic) {
    std::vector<unsigned>& blocks = released[p];
    acquired.insert(blocks.begin(), blocks.end());
    if (fenced) {
      blocks.push_back(block);
      // What was acquired goes on to whom this block releases to.
      blocks.insert(blocks.end(), acquired.begin(), acquired.end());
    }
  }
  for (size_t i = 0; i * GRANULE < bytes; i++) {
    check(cells[i], isShared ? blockSerial : launch, writes, isShared, p, bytes);
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
