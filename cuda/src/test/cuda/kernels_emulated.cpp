// The kernels of the product as C++, and a table of them by name. Compiled so that each of their accesses to memory calls
// checker.cpp.
#define NEXTCLASS_EMULATED 1
#include "kernels.cu"
#include "hopper.cu"

#include <tuple>
#include <utility>

#include "emulator.h"

namespace emulator {

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

Binder find_kernel(const char* name) {
#define NAMED(kernel)                      \
  if (std::strcmp(name, #kernel) == 0) {   \
    return bind<kernel>;                   \
  }
#include "kernel_names.inc"
#undef NAMED
  return nullptr;
}

}  // namespace emulator
