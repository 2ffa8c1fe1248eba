package io.github.nextclass.engine;

import io.github.nextclass.engine.backend.Backend;
import io.github.nextclass.engine.backend.KvCache;
import io.github.nextclass.engine.backend.Step;
import io.github.nextclass.safetensors.Safetensors;
import io.github.nextclass.safetensors.Storage;
import io.github.nextclass.safetensors.TensorSource;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A loaded model: weights, and the threads that run it. Immutable to its users and shared by them;
 * what changes is in the {@link Session}s.
 *
 * <pre>{@code
 * try (Engine engine = Engine.load(Path.of("Qwen3-0.6B"));
 *     Session session = engine.newSession(1024)) {
 *   float[] logits = session.forward(785, 6722, 315, 9625, 374); // The capital of France is
 * }
 * }</pre>
 *
 * <p>Thread-safe. One pass runs at a time, on all threads of the engine; passes of different
 * sessions take turns. Several sessions go through the model together with {@link
 * #forwardTogether}.
 */
public final class Engine implements AutoCloseable {
  /** Which rows of a pass go through the LM head. */
  enum Wanted {
    NONE,
    LAST,
    ALL
  }

  private final Qwen3Config config;
  private final TensorSource tensors;
  private final Backend backend;
  private final Qwen3 transformer;
  private final MemoryBudget budget;
  private final int prefillChunk;

  /** Held for a pass, and to close. Fair, so that sessions on many threads take turns. */
  private final ReentrantLock pass = new ReentrantLock(true);

  private final Set<Session> sessions = Collections.newSetFromMap(new IdentityHashMap<>());
  private @Nullable Activations activations;
  private volatile boolean closed;

  private Engine(
      Qwen3Config config,
      TensorSource tensors,
      Backend backend,
      Qwen3 transformer,
      MemoryBudget budget,
      int chunk) {
    this.config = config;
    this.tensors = tensors;
    this.backend = backend;
    this.transformer = transformer;
    this.budget = budget;
    this.prefillChunk = chunk;
  }

  /**
   * Loads a checkpoint with the default options.
   *
   * @param folder a Hugging Face checkpoint folder: config.json, and model.safetensors or shards
   *     with an index
   * @return the model
   * @throws ModelFormatException if the checkpoint is not a Qwen3 that can be run; the message says
   *     what is wrong
   * @throws io.github.nextclass.safetensors.SafetensorsException if a weight file is damaged
   * @throws IOException if a file cannot be read
   */
  public static Engine load(Path folder) throws IOException {
    return load(folder, EngineOptions.defaults());
  }

  /**
   * Loads a checkpoint.
   *
   * @param folder a Hugging Face checkpoint folder: config.json, and model.safetensors or shards
   *     with an index
   * @param options how to hold and run it
   * @return the model
   * @throws ModelFormatException if the checkpoint is not a Qwen3 that can be run; the message says
   *     what is wrong
   * @throws io.github.nextclass.safetensors.SafetensorsException if a weight file is damaged
   * @throws MemoryBudgetException if weights that are to be copied, or the activations, do not fit
   * @throws IOException if a file cannot be read
   */
  public static Engine load(Path folder, EngineOptions options) throws IOException {
    if (!Files.isDirectory(folder)) {
      throw new ModelFormatException(
          folder + ": no such folder; expected a Hugging Face checkpoint folder");
    }
    Qwen3Config config = Qwen3Config.read(folder.resolve("config.json"));
    MemoryBudget budget = new MemoryBudget(options.memoryBudgetBytes());
    if (options.storage() == Storage.COPY) {
      budget.reserveWeights(weightFileBytes(folder));
    }
    TensorSource tensors = Safetensors.open(folder, options.storage());
    Backend backend = null;
    try {
      backend = BackendSelector.ofServices().select(config, options);
      Qwen3Weights weights =
          Qwen3Weights.load(folder, tensors, config, backend, budget::reserveRowOrder);
      if (backend.deviceFreeBytes().isPresent()) {
        budget.limit(backend.deviceFreeBytes().getAsLong());
      } else {
        checkActivations(
            config, options); // after it, so that sizes which are wrong are called wrong
      }
      Qwen3 transformer = new Qwen3(config, weights, backend);
      return new Engine(config, tensors, backend, transformer, budget, options.prefillChunk());
    } catch (IOException | RuntimeException | Error e) {
      if (backend != null) {
        backend.close();
      }
      tensors.close();
      throw e;
    }
  }

  private static void checkActivations(Qwen3Config config, EngineOptions options) {
    long needBytes = Activations.bytes(config, options.prefillChunk());
    long heapBytes = Runtime.getRuntime().maxMemory();
    if (needBytes > heapBytes / 4 * 3) {
      throw new MemoryBudgetException(
          "need "
              + (needBytes >> 20)
              + " MiB of heap for passes of "
              + options.prefillChunk()
              + " tokens, the heap has "
              + (heapBytes >> 20)
              + " MiB; use a smaller prefillChunk or a larger -Xmx");
    }
  }

  private static long weightFileBytes(Path folder) throws IOException {
    long bytes = 0;
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*.safetensors")) {
      for (Path file : files) {
        bytes = Math.addExact(bytes, Files.size(file));
      }
    }
    return bytes;
  }

  /**
   * The shape of the model.
   *
   * @return the config it was loaded with
   */
  public Qwen3Config config() {
    return config;
  }

  /**
   * What the model runs on, for a person.
   *
   * @return such as {@code CPU (Vector API, 512 bits, 8 threads)}
   */
  public String description() {
    return backend.description();
  }

  /**
   * The memory that a session takes for each position of its capacity.
   *
   * @return the number of bytes, keys and values of all layers
   */
  public long kvBytesPerPosition() {
    return backend.kvBytesPerPosition();
  }

  /**
   * The size of the weights.
   *
   * @return the number of bytes, mapped or copied
   */
  public long weightBytes() {
    return tensors.byteSize();
  }

  /**
   * The memory that quantised weights take beside {@link #weightBytes}: GPTQ and AWQ matrices are
   * copied into the order in which a CPU reads them. The mapped originals are not read again.
   *
   * @return the number of bytes, off the heap; 0 for floats and FP8
   */
  public long copiedWeightBytes() {
    return budget.rowOrderBytes();
  }

  /**
   * The heap that a pass takes at most.
   *
   * @return the number of bytes
   */
  public long activationBytes() {
    return Activations.bytes(config, prefillChunk);
  }

  /**
   * Starts an empty sequence. Its memory is reserved here and taken as the sequence grows.
   *
   * @param capacity the most tokens it may hold, at least 1
   * @return the session, to be closed by the caller
   * @throws MemoryBudgetException if so many do not fit the budget; the message gives need, budget
   *     and what would fit
   * @throws IllegalStateException if the engine is closed
   */
  public Session newSession(int capacity) {
    if (capacity < 1) {
      throw new IllegalArgumentException("capacity is " + capacity + ", expected at least 1");
    }
    checkOpen();
    long reservedBytes = budget.reserveCache(capacity, backend.kvBytesPerPosition());
    return register(new Session(this, backend.kvCache(capacity), reservedBytes, 0));
  }

  Session fork(KvCache cache, int position) {
    checkOpen();
    long reservedBytes = budget.reserveCache(cache.capacity(), backend.kvBytesPerPosition());
    return register(new Session(this, cache.fork(position), reservedBytes, position));
  }

  private Session register(Session session) {
    synchronized (sessions) {
      sessions.add(session);
    }
    return session;
  }

  void release(Session session, KvCache cache, long reservedBytes) {
    cache.close();
    budget.release(reservedBytes);
    synchronized (sessions) {
      sessions.remove(session);
    }
  }

  /**
   * Appends one token to each of several sequences in one pass: the weights are read once for all
   * of them, which is what decoding costs. Each sequence gets the very logits that it would get
   * alone.
   *
   * @param batch the sessions, each of this engine and none twice
   * @param tokenIds a token for each
   * @return the scores of all classes for each session {@code [sessions][vocabSize]}
   */
  public float[][] forwardTogether(List<Session> batch, int[] tokenIds) {
    if (batch.isEmpty() || batch.size() != tokenIds.length) {
      throw new IllegalArgumentException(
          batch.size()
              + " sessions and "
              + tokenIds.length
              + " tokens, expected as many of both, at least 1");
    }
    int entered = 0;
    try {
      for (Session session : batch) {
        session.enter();
        entered++;
        session.checkOpen();
        checkTokens(session, 1);
      }
      checkIds(tokenIds);
      float[][] logits = new float[tokenIds.length][];
      for (int from = 0; from < tokenIds.length; from += prefillChunk) {
        int first = from;
        int count = Math.min(prefillChunk, tokenIds.length - from);
        List<Session> part = batch.subList(from, from + count);
        List<Step.Segment> segments = new ArrayList<>();
        for (int i = 0; i < count; i++) {
          segments.add(new Step.Segment(part.get(i).cache(), i, 1, part.get(i).position()));
        }
        int[] positions = part.stream().mapToInt(Session::position).toArray();
        Step step = new Step(Arrays.copyOfRange(tokenIds, from, from + count), positions, segments);
        pass(step, Wanted.ALL, (row, scores) -> logits[first + row] = scores);
        part.forEach(session -> session.advance(1));
      }
      return logits;
    } finally {
      batch.subList(0, entered).forEach(Session::leave);
    }
  }

  /** Appends tokens to one sequence, in passes of at most {@code prefillChunk}. */
  void run(Session session, int[] tokenIds, Wanted wanted, LogitsVisitor visitor) {
    if (tokenIds.length == 0) {
      throw new IllegalArgumentException("no tokens: the class of nothing cannot be asked for");
    }
    checkIds(tokenIds);
    checkTokens(session, tokenIds.length);
    for (int from = 0; from < tokenIds.length; from += prefillChunk) {
      if (Thread.currentThread().isInterrupted()) {
        throw new CancellationException(
            "interrupted after " + from + " of " + tokenIds.length + " tokens");
      }
      int count = Math.min(prefillChunk, tokenIds.length - from);
      int start = session.position();
      Step step =
          new Step(
              Arrays.copyOfRange(tokenIds, from, from + count),
              IntStream.range(start, start + count).toArray(),
              List.of(new Step.Segment(session.cache(), 0, count, start)));
      boolean last = from + count == tokenIds.length;
      pass(
          step,
          wanted == Wanted.LAST && !last ? Wanted.NONE : wanted,
          (row, logits) -> visitor.accept(start + row, logits));
      session.advance(count);
    }
  }

  private void pass(Step step, Wanted wanted, LogitsVisitor visitor) {
    pass.lock();
    try {
      checkOpen();
      Activations a = activations(step.tokens());
      transformer.body(step, a);
      int first =
          switch (wanted) {
            case NONE -> step.tokens();
            case LAST -> step.tokens() - 1;
            case ALL -> 0;
          };
      for (int from = first; from < step.tokens(); from += Activations.LOGIT_ROWS) {
        int[] rows =
            IntStream.range(from, Math.min(from + Activations.LOGIT_ROWS, step.tokens())).toArray();
        transformer.head(rows, a);
        for (int i = 0; i < rows.length; i++) {
          visitor.accept(rows[i], backend.read(a.logits, i));
        }
      }
      backend.finishPass();
    } finally {
      pass.unlock();
    }
  }

  /**
   * Buffers for at least so many rows: few for those who only decode, a full chunk once there is a
   * long prompt.
   */
  private Activations activations(int tokens) {
    if (activations == null || activations.rows < tokens) {
      activations = null; // before the new ones are made
      activations =
          new Activations(
              config,
              backend,
              tokens <= Activations.LOGIT_ROWS
                  ? Math.min(prefillChunk, Activations.LOGIT_ROWS)
                  : prefillChunk);
    }
    return activations;
  }

  private void checkIds(int[] tokenIds) {
    for (int i = 0; i < tokenIds.length; i++) {
      if (tokenIds[i] < 0 || tokenIds[i] >= config.vocabSize()) {
        throw new IllegalArgumentException(
            "token id "
                + tokenIds[i]
                + " at index "
                + i
                + " is out of range, expected 0 to "
                + (config.vocabSize() - 1));
      }
    }
  }

  private static void checkTokens(Session session, int tokens) {
    if (tokens > session.capacity() - session.position()) {
      throw new IllegalArgumentException(
          "context is full: "
              + session.position()
              + " tokens and "
              + tokens
              + " more exceed the session's capacity of "
              + session.capacity());
    }
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("model is closed");
    }
  }

  /**
   * Waits for the pass that is running, then frees everything. Sessions that are still open are
   * unusable afterwards. Closing twice does nothing.
   */
  @Override
  public void close() {
    pass.lock();
    try {
      if (!closed) {
        closed = true;
        List<Session> open;
        synchronized (sessions) {
          open = List.copyOf(sessions);
        }
        open.forEach(Session::closeUnlessInUse);
        backend.close();
        tensors.close();
        activations = null;
      }
    } finally {
      pass.unlock();
    }
  }
}
