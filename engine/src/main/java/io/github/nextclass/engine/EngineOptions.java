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
 * @param roundedActivations whether passes of more than 8 tokens may round their activations to
 *     BF16 where a device multiplies such numbers faster; the CPU never does
 */
public record EngineOptions(
    Storage storage,
    int threads,
    PrimitivesChoice primitives,
    int prefillChunk,
    long memoryBudgetBytes,
    String backend,
    WeightFormat weights,
    KvCacheFormat kvCache,
    boolean roundedActivations) {

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
        KvCacheFormat.F32,
        false);
  }

  /**
   * Changes how weights are held.
   *
   * @param value the new value
   * @return changed options
   */
  public EngineOptions withStorage(Storage value) {
    Copy copy = new Copy(this);
    copy.storage = value;
    return copy.options();
  }

  /**
   * Changes the number of threads.
   *
   * @param value the new value, from 1 to 1,024
   * @return changed options
   */
  public EngineOptions withThreads(int value) {
    Copy copy = new Copy(this);
    copy.threads = value;
    return copy.options();
  }

  /**
   * Changes how inner loops run.
   *
   * @param value the new value
   * @return changed options
   */
  public EngineOptions withPrimitives(PrimitivesChoice value) {
    Copy copy = new Copy(this);
    copy.primitives = value;
    return copy.options();
  }

  /**
   * Changes the most tokens in one pass.
   *
   * @param value the new value, from 1 to 8,192
   * @return changed options
   */
  public EngineOptions withPrefillChunk(int value) {
    Copy copy = new Copy(this);
    copy.prefillChunk = value;
    return copy.options();
  }

  /**
   * Changes the memory budget.
   *
   * @param value the new value in bytes
   * @return changed options
   */
  public EngineOptions withMemoryBudgetBytes(long value) {
    Copy copy = new Copy(this);
    copy.memoryBudgetBytes = value;
    return copy.options();
  }

  /**
   * Changes what runs the model.
   *
   * @param value {@link #AUTO}, {@link #CPU}, or the name of a {@link BackendProvider}, such as
   *     {@code cuda}: then loading fails, with the reason, where it cannot be used
   * @return changed options
   */
  public EngineOptions withBackend(String value) {
    Copy copy = new Copy(this);
    copy.backend = value;
    return copy.options();
  }

  /**
   * Changes how matrices are held.
   *
   * @param value the new value; quantising takes some seconds a billion weights, and the memory of
   *     the result
   * @return changed options
   */
  public EngineOptions withWeights(WeightFormat value) {
    Copy copy = new Copy(this);
    copy.weights = value;
    return copy.options();
  }

  /**
   * Changes how keys and values are held.
   *
   * @param value the new value: {@link KvCacheFormat#BF16} takes half the memory and, in a long
   *     context, half the reading; {@link KvCacheFormat#Q8} takes a quarter of the memory
   * @return changed options
   */
  public EngineOptions withKvCache(KvCacheFormat value) {
    Copy copy = new Copy(this);
    copy.kvCache = value;
    return copy.options();
  }

  /**
   * Changes whether activations may be rounded. A GPU runs prompts some 1.3 times as fast for it;
   * scores then differ from those of 32-bit arithmetic by some 7e-3 of their size, as where a model
   * runs in BF16 elsewhere, in place of 1e-5.
   *
   * @param value the new value
   * @return changed options
   */
  public EngineOptions withRoundedActivations(boolean value) {
    Copy copy = new Copy(this);
    copy.roundedActivations = value;
    return copy.options();
  }

  /** The values of options, to be changed before they become options again. */
  private static final class Copy {
    Storage storage;
    int threads;
    PrimitivesChoice primitives;
    int prefillChunk;
    long memoryBudgetBytes;
    String backend;
    WeightFormat weights;
    KvCacheFormat kvCache;
    boolean roundedActivations;

    Copy(EngineOptions of) {
      storage = of.storage;
      threads = of.threads;
      primitives = of.primitives;
      prefillChunk = of.prefillChunk;
      memoryBudgetBytes = of.memoryBudgetBytes;
      backend = of.backend;
      weights = of.weights;
      kvCache = of.kvCache;
      roundedActivations = of.roundedActivations;
    }

    EngineOptions options() {
      return new EngineOptions(
          storage,
          threads,
          primitives,
          prefillChunk,
          memoryBudgetBytes,
          backend,
          weights,
          kvCache,
          roundedActivations);
    }
  }
}
