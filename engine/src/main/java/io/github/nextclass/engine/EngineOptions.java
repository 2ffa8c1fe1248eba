package io.github.nextclass.engine;

import com.sun.management.OperatingSystemMXBean;
import io.github.nextclass.safetensors.Storage;
import java.lang.management.ManagementFactory;
import java.util.Objects;

/**
 * How an engine holds and runs a model. Immutable; start from {@link #defaults} and change what
 * should differ.
 *
 * @param storage how weights are held: mapped, or copied into memory
 * @param threads the threads of a forward pass, the caller's included; from 1 to 1,024
 * @param primitives how the CPU's inner loops run
 * @param prefillChunk the most tokens in one pass: more cost memory, fewer cost speed; from 1 to
 *     8,192
 * @param memoryBudgetBytes what KV caches, and weights that are copied, may take together
 * @param backend what runs the model: {@link #AUTO}, {@link #CPU}, or the name of a {@link
 *     BackendProvider}
 * @param weights how matrices are held: as stored, or quantised while loading
 * @param kvCache how keys and values are held; other than {@link KvCacheFormat#F32} the CPU only,
 *     and a device that is asked for by name is refused
 */
public record EngineOptions(
    Storage storage,
    int threads,
    PrimitivesChoice primitives,
    int prefillChunk,
    long memoryBudgetBytes,
    String backend,
    WeightFormat weights,
    KvCacheFormat kvCache) {

  /** A device whose backend is on the class path and can be used, else the CPU. */
  public static final String AUTO = "auto";

  /** The CPU. */
  public static final String CPU = "cpu";

  private static final int DEFAULT_PREFILL_CHUNK = 512;

  /** Checks the ranges. */
  public EngineOptions {
    Objects.requireNonNull(storage, "storage");
    Objects.requireNonNull(primitives, "primitives");
    Objects.requireNonNull(backend, "backend");
    Objects.requireNonNull(kvCache, "kvCache");
    Objects.requireNonNull(weights, "weights");
    check(threads >= 1 && threads <= 1024, "threads", threads, "1 to 1024");
    check(prefillChunk >= 1 && prefillChunk <= 8192, "prefillChunk", prefillChunk, "1 to 8192");
    check(memoryBudgetBytes >= 0, "memoryBudgetBytes", memoryBudgetBytes, "0 or more");
  }

  private static void check(boolean holds, String name, long value, String range) {
    if (!holds) {
      throw new IllegalArgumentException(name + " is " + value + ", expected " + range);
    }
  }

  /**
   * Mapped weights, a thread for each core, the Vector API where it is there, a budget of 80 % of
   * the memory of the machine or container, and a device where its backend is on the class path.
   * Two processors that share a core get one thread (told by Linux; elsewhere each processor gets
   * one).
   *
   * @return the defaults
   */
  public static EngineOptions defaults() {
    long memoryBytes =
        ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getTotalMemorySize();
    int threads = Math.min(Cores.available(), 1024);
    return new EngineOptions(
        Storage.MMAP,
        threads,
        PrimitivesChoice.AUTO,
        DEFAULT_PREFILL_CHUNK,
        memoryBytes / 10 * 8,
        AUTO,
        WeightFormat.AS_STORED,
        KvCacheFormat.F32);
  }

  /**
   * Changes how weights are held.
   *
   * @param value the new value
   * @return changed options
   */
  public EngineOptions withStorage(Storage value) {
    return new EngineOptions(
        value, threads, primitives, prefillChunk, memoryBudgetBytes, backend, weights, kvCache);
  }

  /**
   * Changes the number of threads.
   *
   * @param value the new value, from 1 to 1,024
   * @return changed options
   */
  public EngineOptions withThreads(int value) {
    return new EngineOptions(
        storage, value, primitives, prefillChunk, memoryBudgetBytes, backend, weights, kvCache);
  }

  /**
   * Changes how inner loops run.
   *
   * @param value the new value
   * @return changed options
   */
  public EngineOptions withPrimitives(PrimitivesChoice value) {
    return new EngineOptions(
        storage, threads, value, prefillChunk, memoryBudgetBytes, backend, weights, kvCache);
  }

  /**
   * Changes the most tokens in one pass.
   *
   * @param value the new value, from 1 to 8,192
   * @return changed options
   */
  public EngineOptions withPrefillChunk(int value) {
    return new EngineOptions(
        storage, threads, primitives, value, memoryBudgetBytes, backend, weights, kvCache);
  }

  /**
   * Changes the memory budget.
   *
   * @param value the new value in bytes
   * @return changed options
   */
  public EngineOptions withMemoryBudgetBytes(long value) {
    return new EngineOptions(
        storage, threads, primitives, prefillChunk, value, backend, weights, kvCache);
  }

  /**
   * Changes what runs the model.
   *
   * @param value {@link #AUTO}, {@link #CPU}, or the name of a {@link BackendProvider}, such as
   *     {@code cuda}: then loading fails, with the reason, where it cannot be used
   * @return changed options
   */
  public EngineOptions withBackend(String value) {
    return new EngineOptions(
        storage, threads, primitives, prefillChunk, memoryBudgetBytes, value, weights, kvCache);
  }

  /**
   * Changes how matrices are held.
   *
   * @param value the new value; quantising takes some seconds a billion weights, and the memory of
   *     the result
   * @return changed options
   */
  public EngineOptions withWeights(WeightFormat value) {
    return new EngineOptions(
        storage, threads, primitives, prefillChunk, memoryBudgetBytes, backend, value, kvCache);
  }

  /**
   * Changes how keys and values are held.
   *
   * @param value the new value: {@link KvCacheFormat#BF16} takes half the memory and, in a long
   *     context, half the reading; {@link KvCacheFormat#Q8} takes a quarter of the memory
   * @return changed options
   */
  public EngineOptions withKvCache(KvCacheFormat value) {
    return new EngineOptions(
        storage, threads, primitives, prefillChunk, memoryBudgetBytes, backend, weights, value);
  }
}
