// What only Hopper has: copies of boxes that end some time (TMA), barriers that count their bytes (mbarrier), and products of
// matrices in shared memory (wgmma).
//
// A box is written at once, and nobody may read it before the phase of its barrier has ended; a product is made only when it is
// waited for, and nobody may write its matrices before. So who waits too little or too late is told, or gets other numbers.
#include <algorithm>
#include <cstring>
#include <deque>
#include <map>
#include <vector>

#include "checker.h"
#include "emulator.h"

namespace emulator {

constexpr unsigned SHARED_BEGIN = 1024;
constexpr size_t PIECE = 16;

// d += a b. Registers of a are read when the product is made: who changes them before gets other numbers.
struct Product {
  float* d;
  int rows;
  uint64_t a;
  const unsigned* registers;  // of a, or null
  uint64_t b;
  bool transposed;  // b has 16 rows and `rows` columns
};

struct Thread {
  bool begun;
  std::vector<Product> uncommitted;
  std::deque<std::vector<Product>> groups;
};

struct Barrier {
  int arrivals, missing;  // of a phase, in this phase
  long bytes;             // expected and not there
  int phase;
  std::vector<size_t> pieces;  // that are seen when the phase ends
};

// 16 bytes of the shared memory of the block.
struct Piece {
  bool copied, under_way;
  int products;  // that are still to read it
};

static std::vector<Thread> threads;
static std::map<const uint64_t*, Barrier> barriers;
static std::vector<Piece> pieces;
static unsigned char* memory;

void begin_block_of_hopper(size_t count, void* shared, size_t shared_bytes) {
  threads.assign(count, {});
  barriers.clear();
  pieces.assign(shared_bytes / PIECE, {});
  memory = static_cast<unsigned char*>(shared);
}

static Thread& current() { return threads[threadIdx.x]; }

void end_thread_of_hopper() {
  if (!current().uncommitted.empty() || !current().groups.empty()) {
    fault("ends with products that were not waited for");
  }
}

unsigned shared_address(const void* p) {
  return static_cast<unsigned>(static_cast<const unsigned char*>(p) - memory) + SHARED_BEGIN;
}

static Piece& piece_at(unsigned address) {
  size_t i = (address - SHARED_BEGIN) / PIECE;
  if (address < SHARED_BEGIN || i >= pieces.size()) {
    fault("a matrix outside of the shared memory of the launch");
  }
  return pieces[i];
}

static Barrier& find(const uint64_t* barrier) {
  auto found = barriers.find(barrier);
  if (found == barriers.end()) {
    fault("a barrier that nobody has made");
  }
  return found->second;
}

static void end_phase_if_complete(Barrier& barrier) {
  if (barrier.missing > 0 || barrier.bytes > 0) {
    return;
  }
  barrier.phase++;
  barrier.missing = barrier.arrivals;
  for (size_t i : barrier.pieces) {
    pieces[i].under_way = false;
  }
  barrier.pieces.clear();
}

void make_barrier(uint64_t* barrier, int arrivals) {
  auto at = reinterpret_cast<unsigned char*>(barrier);
  if (reinterpret_cast<uintptr_t>(barrier) % 8 != 0 || at < memory || at + 8 > memory + pieces.size() * PIECE) {
    fault("a barrier that is not in the shared memory of the launch");
  }
  barriers[barrier] = {arrivals, arrivals, 0, 0, {}};
}

void arrive(uint64_t* barrier, int bytes) {
  Barrier& of = find(barrier);
  if (of.missing == 0) {
    fault("more arrive at a barrier than it was made for");
  }
  of.bytes += bytes;
  of.missing--;
  end_phase_if_complete(of);
}

// The phase before the first has ended, and has parity 1.
void wait_for_phase(uint64_t* barrier, int parity) {
  Barrier* of = &find(barrier);
  wait_until([of, parity] { return (of->phase & 1) != parity; });
}

// PTX manual, "cp.async.bulk.tensor", with the swizzle of 128 bytes.
void copy_box(void* to, const TensorMap* map, int column, int row, uint64_t* barrier) {
  Barrier& of = find(barrier);
  unsigned begin = shared_address(to);
  if (begin % 1024 != 0 || map->box_columns * 2 != 128) {
    fault("a box that does not begin at a multiple of 1,024, or whose rows are not of 128 bytes");
  }
  for (unsigned r = 0; r < map->box_rows; r++) {
    for (unsigned chunk = 0; chunk < 8; chunk++) {
      unsigned at = begin + r * 128 + (chunk ^ r % 8) * PIECE;
      Piece& piece = piece_at(at);
      if (piece.products > 0) {
        fault("a box is copied to where products are still to read");
      }
      if (piece.under_way) {
        fault("a box is copied to where another one is being copied");
      }
      piece = {true, true, 0};
      of.pieces.push_back((at - SHARED_BEGIN) / PIECE);
      unsigned char* target = memory + (at - SHARED_BEGIN);
      std::memset(target, 0, PIECE);
      for (unsigned i = 0; i < 8; i++) {
        uint64_t c = static_cast<uint64_t>(column) + chunk * 8 + i;
        uint64_t y = static_cast<uint64_t>(row) + r;
        if (c < map->columns && y < map->rows) {
          const unsigned char* from = map->address + y * map->row_bytes + c * 2;
          checker::access(from, 2, false);
          std::memcpy(target + i * 2, from, 2);
        }
      }
    }
  }
  of.bytes -= static_cast<long>(map->box_rows) * 128;
  end_phase_if_complete(of);
}

void begin_products() { current().begun = true; }

// PTX manual, "Matrix descriptor" and "Shared memory matrix layout": bits 0 to 13 are the address, 32 to 45 the distance of
// one eight rows to the next, both in units of 16 bytes, and 1 in bits 62 and 63 is the swizzle of 128 bytes, which inverts
// bits 4 to 6 of an address where bits 7 to 9 are set. Rows are of 128 bytes.
static unsigned address_of(uint64_t descriptor, int row, int piece) {
  unsigned begin = static_cast<unsigned>(descriptor & 0x3fff) << 4;
  unsigned stride = static_cast<unsigned>(descriptor >> 32 & 0x3fff) << 4;
  if (descriptor >> 62 != 1 || (descriptor >> 49 & 7) != 0 || stride % 1024 != 0 || begin % 1024 > 128 - 32) {
    fault("a matrix descriptor that is not of rows of 128 bytes");
  }
  unsigned at = begin + static_cast<unsigned>(row) / 8 * stride + static_cast<unsigned>(row) % 8 * 128 +
                static_cast<unsigned>(piece) * static_cast<unsigned>(PIECE);
  return at ^ (at >> 7 & 7) << 4;
}

// Of 16 rows in panels of 64 columns; bits 16 to 29 are the distance from a panel to the next.
static unsigned address_in_panels(uint64_t descriptor, int row, int piece) {
  unsigned panel = static_cast<unsigned>(descriptor >> 16 & 0x3fff) << 4;
  if (panel % 1024 != 0 || (descriptor & 0x3f) != 0) {
    fault("a matrix descriptor that is not of panels of 64 columns");
  }
  return address_of(descriptor, row, piece % 8) + static_cast<unsigned>(piece) / 8 * panel;
}

static float number_in_panels(uint64_t descriptor, int row, int column) {
  unsigned short bits;
  std::memcpy(&bits, memory + (address_in_panels(descriptor, row, column / 8) - SHARED_BEGIN) + column % 8 * 2, sizeof bits);
  return __uint_as_float(static_cast<unsigned>(bits) << 16);
}

// 16 numbers of a row.
static void load_row(float numbers[16], uint64_t descriptor, int row) {
  for (int piece = 0; piece < 2; piece++) {
    unsigned short bits[8];
    std::memcpy(bits, memory + (address_of(descriptor, row, piece) - SHARED_BEGIN), PIECE);
    for (int i = 0; i < 8; i++) {
      numbers[piece * 8 + i] = __uint_as_float(static_cast<unsigned>(bits[i]) << 16);
    }
  }
}

static int first_row() { return static_cast<int>(threadIdx.x) / 32 % 4 * 16; }

// The lanes of a warp note all that it reads, each a part.
static void note(const Product& product, int change) {
  auto piece = [&](unsigned address) {
    Piece& piece = piece_at(address);
    if (!piece.copied || piece.under_way) {
      fault("tensor cores read what is not copied");
    }
    piece.products += change;
  };
  for (int i = lane(); i < 2 * product.rows; i += 32) {
    piece(product.transposed ? address_in_panels(product.b, i % 16, i / 16) : address_of(product.b, i / 2, i % 2));
  }
  if (lane() < 16 && product.registers == nullptr) {
    piece(address_of(product.a, first_row() + lane(), 0));
    piece(address_of(product.a, first_row() + lane(), 1));
  }
}

// Rows lane / 4 and 8 below of the first factor. In registers: PTX manual, "Register fragments for wgmma.mma_async.m64nNk16",
// matrix A: as in mma.m16n8k16.
static void load_first(float first[2][16], const Product& product) {
  if (product.registers == nullptr) {
    for (int i = 0; i < 2; i++) {
      load_row(first[i], product.a, first_row() + lane() / 4 + i * 8);
    }
    return;
  }
  std::memcpy(shown_by(lane()), product.registers, 16);
  warp_barrier(Together::MULTIPLY_ASYNC);
  for (int i = 0; i < 2; i++) {
    for (int column = 0; column < 16; column++) {
      unsigned pair = shown_by(lane() / 4 * 4 + column % 8 / 2)[column / 8 * 2 + i];
      first[i][column] = __uint_as_float(column % 2 == 0 ? pair << 16 : pair & 0xffff0000u);
    }
  }
  turn();
}

// The part of this thread. PTX manual, "Register fragments for wgmma.mma_async.m64nNk16", matrix D: of the 16 rows of a warp
// lane / 4 and the one 8 below; of each 8 columns lane % 4 * 2 and the next.
static void multiply(const Product& product) {
  float first[2][16];
  load_first(first, product);
  for (int j = 0; j < product.rows / 8; j++) {
    for (int column = 0; column < 2; column++) {
      int of = j * 8 + lane() % 4 * 2 + column;
      float second[16];
      if (product.transposed) {
        for (int k = 0; k < 16; k++) {
          second[k] = number_in_panels(product.b, k, of);
        }
      } else {
        load_row(second, product.b, of);
      }
      for (int i = 0; i < 2; i++) {
        float sum = 0;
        for (int k = 0; k < 16; k++) {
          sum += first[i][k] * second[k];
        }
        product.d[j * 4 + i * 2 + column] += sum;
      }
    }
  }
}

static void begin(const Product& product) {
  if (!current().begun) {
    fault("wgmma without a fence before");
  }
  uint64_t words[2] = {product.a, product.b};
  std::memcpy(shown_by(lane()), words, sizeof words);
  warp_barrier(Together::MULTIPLY_ASYNC);
  if (std::memcmp(shown_by(0), words, sizeof words) != 0) {
    fault("the lanes of a warp name different matrices");
  }
  turn();
  note(product, 1);
  current().uncommitted.push_back(product);
}

void multiply_later(float* d, int rows, uint64_t a, uint64_t b) { begin({d, rows, a, nullptr, b, false}); }

void multiply_later(float* d, int rows, const unsigned* a, uint64_t b, bool transposed) {
  begin({d, rows, 0, a, b, transposed});
}

void commit_products() {
  current().groups.push_back(std::move(current().uncommitted));
  current().uncommitted.clear();
}

void finish_products_but(int groups) {
  Thread& thread = current();
  while (static_cast<int>(thread.groups.size()) > groups) {
    for (const Product& product : thread.groups.front()) {
      note(product, -1);
      multiply(product);
    }
    thread.groups.pop_front();
  }
  thread.begun = false;
  warp_barrier(Together::WAIT_FOR_PRODUCTS);
}

}  // namespace emulator
