package io.github.nextclass.cuda;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.SymbolLookup;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The driver of {@code src/test/cuda}: the kernels of this module on the CPU, behind the calls of
 * libcuda.so.1. Compiled with g++, and loaded before JCuda, whose native library then binds to it
 * as it would to the real one.
 */
final class FakeDriver {
  static final int CUDA_12_6 = 12060;
  static final int SHARED_OF_HOPPER = 227 << 10;
  private static final Path TARGET = Path.of("target/fake-driver");
  private static final String SOURCES = "src/test/cuda/";
  private static final String FLAGS =
      "-std=c++17 -O2 -fPIC -Wall -Wno-unknown-pragmas -Werror -U_FORTIFY_SOURCE -Isrc/main/cuda -I"
          + (SOURCES + " -I" + TARGET);

  /** The calls that these insert go to checker.cpp; no library of a sanitizer is linked. */
  private static final String CHECKS =
      "-fsanitize=thread,alignment,bounds,signed-integer-overflow,shift,integer-divide-by-zero"
          + " --param tsan-instrument-func-entry-exit=0";

  private static @Nullable FakeDriver loaded;

  private final SymbolLookup symbols;

  @SuppressWarnings("restricted")
  private FakeDriver(Path library) {
    System.load(library.toAbsolutePath().toString());
    symbols = SymbolLookup.libraryLookup(library, Arena.global());
  }

  /** The driver, with one device of the newest kind; the test is skipped where there is no g++. */
  static synchronized FakeDriver load() {
    assumeTrue(
        System.getProperty("os.name").equals("Linux")
            && System.getProperty("os.arch").equals("amd64")
            && hasCompiler(),
        "needs Linux x86-64 with g++: the kernels are compiled for the CPU");
    if (loaded == null) {
      loaded = new FakeDriver(compile());
    }
    loaded.machine(CUDA_12_6, 1, 90, 1L << 32);
    loaded.device(4, SHARED_OF_HOPPER);
    loaded.blocking(false);
    return loaded;
  }

  private static boolean hasCompiler() {
    try {
      return new ProcessBuilder("g++", "--version")
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor()
          == 0;
    } catch (IOException absent) {
      return false;
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Path compile() {
    try {
      Files.createDirectories(TARGET);
      Files.writeString(
          TARGET.resolve("kernel_names.inc"),
          Arrays.stream(Kernel.values())
              .map(kernel -> "NAMED(" + kernel.entry() + ")\n")
              .collect(Collectors.joining()));
      Path library = TARGET.resolve("libcuda.so.1");
      for (String source :
          List.of("checker", "emulator", "hopper", "fake_driver", "kernels_emulated")) {
        String checks = source.equals("kernels_emulated") ? CHECKS : "";
        compiler("-c", checks, "-o", TARGET + "/" + source + ".o", SOURCES + source + ".cpp");
      }
      compiler(
          "-shared -Wl,-soname,libcuda.so.1,-z,defs -o",
          library.toString(),
          TARGET + "/checker.o",
          TARGET + "/emulator.o",
          TARGET + "/hopper.o",
          TARGET + "/fake_driver.o",
          TARGET + "/kernels_emulated.o");
      return library;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void compiler(String... options) throws IOException, InterruptedException {
    Process compiler =
        new ProcessBuilder(("g++ " + FLAGS + " " + String.join(" ", options)).split(" +"))
            .redirectErrorStream(true)
            .start();
    String output = new String(compiler.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (compiler.waitFor() != 0) {
      throw new AssertionError("the kernels do not compile as C++:\n" + output);
    }
  }

  /** What the machine is to look like from now on. */
  void machine(int driverVersion, int devices, int computeCapability, long memoryBytes) {
    call("fake_machine", driverVersion, devices, computeCapability, memoryBytes);
  }

  /** The kernel after so many others fails, once. */
  void failAfter(int kernels) {
    call("fake_fail_after", kernels);
  }

  /** Whether each launch is run before the call returns, as with CUDA_LAUNCH_BLOCKING=1. */
  void blocking(boolean on) {
    call("fake_blocking", on ? 1 : 0);
  }

  /** The processors of the device, and the shared memory that a block may have. */
  void device(int multiprocessors, int sharedBytes) {
    call("fake_device", multiprocessors, sharedBytes);
  }

  /** Allocations on the device and pinned ones, and graphs, that were not freed. */
  long allocations() {
    return number("fake_allocations");
  }

  /** Contexts that this thread has pushed and not popped, and one if the device is open. */
  long contexts() {
    return number("fake_contexts");
  }

  /** How often somebody waited for the stream. */
  long waits() {
    return number("fake_waits");
  }

  long launches() {
    return number("fake_launches");
  }

  long graphLaunches() {
    return number("fake_graph_launches");
  }

  long overlappingLaunches() {
    return number("fake_overlapping_launches");
  }

  @SuppressWarnings("restricted")
  private long number(String function) {
    try {
      return (long)
          Linker.nativeLinker()
              .downcallHandle(symbols.findOrThrow(function), FunctionDescriptor.of(JAVA_LONG))
              .invokeWithArguments();
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  @SuppressWarnings("restricted")
  private void call(String function, Object... arguments) {
    MemoryLayout[] types =
        Arrays.stream(arguments)
            .map(argument -> argument instanceof Long ? JAVA_LONG : JAVA_INT)
            .toArray(MemoryLayout[]::new);
    try {
      Linker.nativeLinker()
          .downcallHandle(symbols.findOrThrow(function), FunctionDescriptor.ofVoid(types))
          .invokeWithArguments(arguments);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }
}
