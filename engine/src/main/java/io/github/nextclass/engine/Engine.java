package io.github.nextclass.engine;

import io.github.nextclass.engine.backend.Backend;
import io.github.nextclass.engine.backend.KvCache;
import io.github.nextclass.engine.backend.Linear;
import io.github.nextclass.engine.backend.Step;
import io.github.nextclass.engine.quant.BlockMatrix;
import io.github.nextclass.safetensors.Safetensors;
import io.github.nextclass.safetensors.SafetensorsException;
import io.github.nextclass.safetensors.Storage;
import io.github.nextclass.safetensors.Tensor;
import io.github.nextclass.safetensors.TensorSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
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
  /** Which tokens of each sequence go through a head. */
  enum Wanted {
    LAST,
    ALL
  }

  private final Qwen3Config config;
  private final TensorSource tensors;
  private final Backend backend;
  private final Qwen3 transformer;
  private final @Nullable LmHead lmHead;
  private final @Nullable ScoreHead scoreHead;
  private final @Nullable BlockMatrix lmHeadBlocks;
  private final Arena quantized;
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
      Qwen3Weights weights,
      Arena quantized,
      MemoryBudget budget,
      int chunk) {
    this.config = config;
    this.tensors = tensors;
    this.backend = backend;
    this.transformer = new Qwen3(config, weights, backend);
    this.lmHead = weights.lmHead() == null ? null : new LmHead(this, weights.lmHead());
    this.scoreHead =
        weights.score() == null || config.score() == null
            ? null
            : new ScoreHead(this, weights.score(), config.score());
    this.lmHeadBlocks = weights.lmHeadBlocks();
    this.quantized = quantized;
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
    return load(folder, options, LoadProgress.NONE);
  }

  /**
   * Loads a checkpoint, and tells how far it is where weights are quantised.
   *
   * @param folder a Hugging Face checkpoint folder: config.json, and model.safetensors or shards
   *     with an index
   * @param options how to hold and run it
   * @param progress hears how far quantising is
   * @return the model
   * @throws IOException as {@link #load(Path, EngineOptions)}
   */
  @SuppressWarnings("MustBeClosedChecker") // the engine closes it, or the handler below
  public static Engine load(Path folder, EngineOptions options, LoadProgress progress)
      throws IOException {
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
    Arena quantized = Arena.ofShared();
    Backend backend = null;
    try {
      backend = BackendSelector.ofServices().select(config, options);
      Qwen3Weights weights =
          weights(folder, tensors, config, options, backend, quantized, budget, progress);
      if (backend.deviceFreeBytes().isPresent()) {
        budget.limit(backend.deviceFreeBytes().getAsLong());
      } else {
        checkActivations(
            config, options); // after it, so that sizes which are wrong are called wrong
      }
      return new Engine(
          config, tensors, backend, weights, quantized, budget, options.prefillChunk());
    } catch (IOException | RuntimeException | Error e) {
      if (backend != null) {
        backend.close();
      }
      tensors.close();
      quantized.close();
      throw e;
    }
  }

  private static Qwen3Weights weights(
      Path folder,
      TensorSource tensors,
      Qwen3Config config,
      EngineOptions options,
      Backend backend,
      Arena quantized,
      MemoryBudget budget,
      LoadProgress progress)
      throws IOException {
    int bits = options.weights().bits();
    if (config.quantization() instanceof QuantizationConfig.Blocks blocks
        && (bits == 0 || bits == blocks.bits())) {
      bits = 0; // it is what is wanted
    }
    if (bits == 0) {
      return Qwen3Weights.load(folder, tensors, config, backend, null, budget::reserveRowOrder);
    }
    if (config.quantization() != null) {
      throw new ModelFormatException(
          folder
              + ": is quantised already, "
              + config.quantization()
              + "; "
              + options.weights()
              + " is made of floats");
    }
    try (WeightQuantizer quantizer =
        new WeightQuantizer(bits, options.threads(), quantized, progress)) {
      return Qwen3Weights.load(
          folder, tensors, config, backend, quantizer, budget::reserveQuantized);
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

  // ---- heads

  /**
   * The head that scores all tokens.
   *
   * @return the head, always the same
   * @throws IllegalStateException if the checkpoint has none
   */
  public LmHead lmHead() {
    if (lmHead == null) {
      throw lacks("LM head", "it cannot say which token comes next");
    }
    return lmHead;
  }

  /**
   * A head that scores only these tokens. It copies their rows of the matrix, so make it once for
   * many questions.
   *
   * @param tokenIds the classes, at least one; the scores have their order
   * @return a new head
   * @throws IllegalArgumentException if there are none, or one is out of range
   * @throws IllegalStateException if the checkpoint has no LM head, or the engine is closed
   */
  public LmHead lmHead(int[] tokenIds) {
    lmHead();
    checkOpen();
    if (tokenIds.length == 0) {
      throw new IllegalArgumentException("no token ids, expected at least one class");
    }
    checkIds(tokenIds);
    if (lmHeadBlocks != null) {
      return new LmHead(this, new Linear(backend.weight(lmHeadBlocks.selectRows(tokenIds)), null));
    }
    try {
      Tensor rows = Qwen3Weights.lmHeadRows(tensors, config, tokenIds);
      return new LmHead(this, new Linear(backend.weight(rows), null));
    } catch (SafetensorsException e) {
      throw new IllegalStateException(e); // it was there when the checkpoint was loaded
    }
  }

  /**
   * The head that scores the labels of a {@code Qwen3ForSequenceClassification}.
   *
   * @return the head, always the same
   * @throws IllegalStateException if the checkpoint has none
   */
  public ScoreHead scoreHead() {
    if (scoreHead == null) {
      throw lacks("score head", "only a " + ScoreConfig.ARCHITECTURE + " has labels of its own");
    }
    return scoreHead;
  }

  /**
   * A head that gives the vectors themselves, of length 1.
   *
   * @param dimension how much of each vector to keep, from 1 to hiddenSize
   * @return a new head
   * @throws IllegalArgumentException if the dimension is out of range
   */
  public Pooler pooler(int dimension) {
    if (dimension < 1 || dimension > config.hiddenSize()) {
      throw new IllegalArgumentException(
          "dimension is " + dimension + ", expected 1 to " + config.hiddenSize());
    }
    return new Pooler(this, dimension);
  }

  /**
   * A head that asks two heads about the same token.
   *
   * @param first of this engine
   * @param second of this engine
   * @return a new head; its results are those of the first, and behind them those of the second
   * @throws IllegalArgumentException if one is of another engine
   */
  public JoinedHead joined(Head first, Head second) {
    first.checkBelongsTo(this);
    second.checkBelongsTo(this);
    return new JoinedHead(this, first, second);
  }

  private IllegalStateException lacks(String head, String meaning) {
    return new IllegalStateException(
        "this checkpoint ("
            + String.join(", ", config.architectures())
            + ") has no "
            + head
            + ": "
            + meaning);
  }

  // ---- passes

  /**
   * The most tokens in one pass. A batch that has as many runs as fast as it can.
   *
   * @return {@link EngineOptions#prefillChunk()}
   */
  public int prefillChunk() {
    return prefillChunk;
  }

  /**
   * Appends one token to each of several sequences in one pass: the weights are read once for all
   * of them, which is what decoding costs. Each sequence gets the very logits that it would get
   * alone.
   *
   * @param batch the sessions, each of this engine and none twice
   * @param tokenIds a token for each
   * @return the scores of all classes for each session {@code [sessions][vocabSize]}
   * @throws IllegalStateException if the checkpoint has no LM head
   */
  public float[][] forwardTogether(List<Session> batch, int[] tokenIds) {
    return forwardTogether(
        batch, Arrays.stream(tokenIds).mapToObj(id -> new int[] {id}).toList(), lmHead());
  }

  /**
   * Appends tokens to each of several sequences, and asks a head after the last token of each. The
   * sequences share passes as far as {@link #prefillChunk} allows; each gets the very result that
   * it would get alone.
   *
   * @param batch the sessions, each of this engine and none twice
   * @param tokenIds for each at least one token
   * @param head what to make of the last token of each
   * @return the results {@code [sessions][head.size()]}
   * @throws CancellationException if the thread is interrupted between two passes; the passes that
   *     were finished stay appended
   */
  public float[][] forwardTogether(List<Session> batch, List<int[]> tokenIds, Head head) {
    float[][] results = new float[batch.size()][];
    together(batch, tokenIds, Wanted.LAST, head, (sequence, position, r) -> results[sequence] = r);
    return results;
  }

  /**
   * Appends tokens to each of several sequences, and visits what a head makes of every token: one
   * sequence after the other, and the positions of each in order.
   *
   * @param batch the sessions, each of this engine and none twice
   * @param tokenIds for each at least one token
   * @param head what to make of each token
   * @param visitor takes the results
   * @throws CancellationException if the thread is interrupted between two passes; the passes that
   *     were finished stay appended
   */
  public void forwardTogether(
      List<Session> batch, List<int[]> tokenIds, Head head, BatchVisitor visitor) {
    together(batch, tokenIds, Wanted.ALL, head, visitor);
  }

  private void together(
      List<Session> batch, List<int[]> tokenIds, Wanted wanted, Head head, BatchVisitor visitor) {
    checkBatch(batch, tokenIds);
    exclusively(batch, () -> run(batch, tokenIds, wanted, head, visitor));
  }

  private static void checkBatch(List<Session> batch, List<int[]> tokenIds) {
    if (batch.isEmpty() || batch.size() != tokenIds.size()) {
      throw new IllegalArgumentException(
          batch.size()
              + " sessions and tokens for "
              + tokenIds.size()
              + ", expected as many of both, at least 1");
    }
  }

  private static void exclusively(List<Session> batch, Runnable action) {
    int entered = 0;
    try {
      for (Session session : batch) {
        session.enter();
        entered++;
        session.checkOpen();
      }
      action.run();
    } finally {
      batch.subList(0, entered).forEach(Session::leave);
    }
  }

  /**
   * Greedy decoding of several sequences side by side, see {@link Session#greedy}: the weights are
   * read once a step for all of them.
   *
   * @param batch the sessions, each of this engine and none twice, at most {@link #prefillChunk}
   * @param tokenIds for each at least one token
   * @param count how many tokens to choose for each, at least 1
   * @return the tokens chosen {@code [sessions][count]}; all but the last of each are appended
   * @throws CancellationException if the thread is interrupted between some steps; those that were
   *     made stay appended
   * @throws ArithmeticException if a score is not a number
   */
  public int[][] greedyTogether(List<Session> batch, List<int[]> tokenIds, int count) {
    checkBatch(batch, tokenIds);
    if (count < 1) {
      throw new IllegalArgumentException("count is " + count + ", expected at least 1");
    }
    if (batch.size() > prefillChunk) {
      throw new IllegalArgumentException(
          batch.size() + " sessions, expected at most prefillChunk, which is " + prefillChunk);
    }
    int[][] chosen = new int[batch.size()][count];
    exclusively(batch, () -> greedy(batch, tokenIds, chosen));
    return chosen;
  }

  private void greedy(List<Session> batch, List<int[]> tokenIds, int[][] chosen) {
    LmHead head = lmHead();
    int count = chosen[0].length;
    for (int i = 0; i < batch.size(); i++) {
      checkIds(tokenIds.get(i));
      checkTokens(batch.get(i), Math.addExact(tokenIds.get(i).length, count - 1));
    }
    int[] last = readAllButTheLast(batch, tokenIds);
    for (int done = 0; done < count; ) {
      if (Thread.currentThread().isInterrupted()) {
        throw new CancellationException("interrupted after " + done + " of " + count + " steps");
      }
      int steps = Math.min(Activations.CHOSEN_COLUMNS, count - done);
      greedySteps(batch, last, steps, head, chosen, done);
      done += steps;
      for (int i = 0; i < last.length; i++) {
        last[i] = chosen[i][done - 1];
      }
    }
  }

  private int[] readAllButTheLast(List<Session> batch, List<int[]> tokenIds) {
    List<Session> sessions = new ArrayList<>();
    List<int[]> prompts = new ArrayList<>();
    int[] last = new int[batch.size()];
    for (int i = 0; i < last.length; i++) {
      int[] ids = tokenIds.get(i);
      if (ids.length == 0) {
        throw new IllegalArgumentException("no tokens: the class of nothing cannot be asked for");
      }
      last[i] = ids[ids.length - 1];
      if (ids.length > 1) {
        sessions.add(batch.get(i));
        prompts.add(Arrays.copyOf(ids, ids.length - 1));
      }
    }
    if (!sessions.isEmpty()) {
      run(sessions, prompts, Wanted.LAST, null, (sequence, position, result) -> {});
    }
    return last;
  }

  /** Some steps without a look at what they choose; then all of it is read. */
  private void greedySteps(
      List<Session> batch, int[] tokenIds, int steps, LmHead head, int[][] chosen, int done) {
    pass.lock();
    try {
      checkOpen();
      requireWholeWeights();
      Activations a = activations(batch.size());
      a.probe = null;
      for (int i = 0; i < steps; i++) {
        Step step = oneToken(batch, tokenIds);
        if (i == 0) {
          transformer.body(step, a);
        } else {
          transformer.bodyOfChosen(step, a);
        }
        for (int from = 0; from < batch.size(); from += Activations.LOGIT_ROWS) {
          int to = Math.min(from + Activations.LOGIT_ROWS, batch.size());
          head.choose(transformer, backend, IntStream.range(from, to).toArray(), step, a);
        }
        backend.finishPass();
        batch.forEach(session -> session.advance(1));
      }
      for (int row = 0; row < batch.size(); row++) {
        float[] ids = backend.read(a.chosen(), row);
        int first = batch.get(row).position() - steps + 1;
        for (int i = 0; i < steps; i++) {
          int tokenId = (int) ids[(first + i) % ids.length];
          if (tokenId < 0) {
            throw new ArithmeticException(
                "a score after position " + (first + i - 1) + " is not a number");
          }
          chosen[row][done + i] = tokenId;
        }
      }
    } finally {
      pass.unlock();
    }
  }

  private static Step oneToken(List<Session> batch, int[] tokenIds) {
    int[] positions = batch.stream().mapToInt(Session::position).toArray();
    return new Step(
        tokenIds,
        positions,
        IntStream.range(0, positions.length)
            .mapToObj(i -> new Step.Segment(batch.get(i).cache(), i, 1, positions[i]))
            .toList());
  }

  /** Appends tokens to sequences that the caller has entered; no head where nothing is asked. */
  void run(
      List<Session> batch,
      List<int[]> tokenIds,
      Wanted wanted,
      @Nullable Head head,
      BatchVisitor visitor) {
    run(batch, tokenIds, wanted, head, visitor, null);
  }

  private void run(
      List<Session> batch,
      List<int[]> tokenIds,
      Wanted wanted,
      @Nullable Head head,
      BatchVisitor visitor,
      @Nullable AttentionProbe probe) {
    if (head != null) {
      head.checkBelongsTo(this);
    }
    for (int i = 0; i < batch.size(); i++) {
      if (tokenIds.get(i).length == 0) {
        throw new IllegalArgumentException("no tokens: the class of nothing cannot be asked for");
      }
      checkIds(tokenIds.get(i));
      checkTokens(batch.get(i), tokenIds.get(i).length);
    }
    Packing packing = new Packing(batch, tokenIds, prefillChunk);
    int all = packing.left();
    while (packing.hasNext()) {
      if (Thread.currentThread().isInterrupted()) {
        throw new CancellationException(
            "interrupted after " + (all - packing.left()) + " of " + all + " tokens");
      }
      Packing.Pass next = packing.next();
      run(next, wanted, head, visitor, probe);
      List<Step.Segment> segments = next.step().segments();
      for (int i = 0; i < segments.size(); i++) {
        batch.get(next.sequences().get(i)).advance(segments.get(i).rowCount());
      }
    }
  }

  /**
   * What one head of attention looks at while it reads a sequence. It takes a prefill of the whole
   * sequence; for people who want to see it.
   *
   * @param tokenIds the sequence, at least one token
   * @param layer from 0 to numHiddenLayers - 1
   * @param head from 0 to numAttentionHeads - 1
   * @return for each token the probabilities of the tokens up to it, {@code [tokens][position +
   *     1]}; each row adds up to 1
   * @throws IllegalArgumentException if there is no such head, no token, or a token id is out of
   *     range
   * @throws CancellationException if the thread is interrupted between two passes
   */
  public float[][] attention(int[] tokenIds, int layer, int head) {
    checkIndex("layer", layer, config.numHiddenLayers());
    checkIndex("head", head, config.numAttentionHeads());
    AttentionProbe probe = new AttentionProbe(config, layer, head);
    try (Session session = newSession(Math.max(1, tokenIds.length))) {
      session.exclusively(() ->
          run(
              List.of(session),
              List.of(tokenIds),
              Wanted.LAST,
              null,
              (sequence, position, result) -> {},
              probe));
    }
    return probe.probs();
  }

  private static void checkIndex(String name, int index, int count) {
    if (index < 0 || index >= count) {
      throw new IllegalArgumentException(name + " is " + index + ", expected 0 to " + (count - 1));
    }
  }

  private void run(
      Packing.Pass next,
      Wanted wanted,
      @Nullable Head head,
      BatchVisitor visitor,
      @Nullable AttentionProbe probe) {
    Step step = next.step();
    pass.lock();
    try {
      checkOpen();
      requireWholeWeights();
      Activations a = activations(step.tokens());
      a.probe = probe;
      transformer.body(step, a);
      if (head != null) {
        ask(head, next, wanted, a, visitor);
      }
      backend.finishPass();
    } finally {
      pass.unlock();
    }
  }

  /** What a head makes of the tokens wanted; a few at a time, because logits are large. */
  private void ask(
      Head head, Packing.Pass made, Wanted wanted, Activations a, BatchVisitor visitor) {
    Step step = made.step();
    int[] rows =
        wanted == Wanted.ALL ? IntStream.range(0, step.tokens()).toArray() : made.lastRows();
    for (int from = 0; from < rows.length; from += Activations.LOGIT_ROWS) {
      int[] some =
          Arrays.copyOfRange(rows, from, Math.min(from + Activations.LOGIT_ROWS, rows.length));
      float[][] results = head.apply(transformer, backend, some, a);
      for (int i = 0; i < some.length; i++) {
        visitor.accept(made.sequenceOf(some[i]), step.positions()[some[i]], results[i]);
      }
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

  /** A truncated file that is mapped would end the JVM where it is read. */
  private void requireWholeWeights() {
    try {
      tensors.requireWhole();
    } catch (SafetensorsException e) {
      throw new UncheckedIOException(e);
    }
  }

  void checkOpen() {
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
        quantized.close();
        activations = null;
      }
    } finally {
      pass.unlock();
    }
  }
}
