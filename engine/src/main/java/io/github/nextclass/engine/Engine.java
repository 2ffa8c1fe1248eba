package io.github.nextclass.engine;

import io.github.nextclass.engine.backend.Backend;
import io.github.nextclass.engine.backend.KvCache;
import io.github.nextclass.engine.backend.Linear;
import io.github.nextclass.engine.quant.BlockMatrix;
import io.github.nextclass.safetensors.SafetensorsException;
import io.github.nextclass.safetensors.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
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
  private final LoadedCheckpoint model;
  private final Qwen3Config config;
  private final Backend backend;
  private final MemoryBudget budget;
  private final Passes passes;
  private final @Nullable LmHead lmHead;
  private final @Nullable ScoreHead scoreHead;
  private final Set<Session> sessions = Collections.newSetFromMap(new IdentityHashMap<>());

  private Engine(LoadedCheckpoint model, int prefillChunk) {
    this.model = model;
    this.config = model.config();
    this.backend = model.backend();
    this.budget = model.budget();
    this.passes = new Passes(model, prefillChunk);
    Qwen3Weights weights = model.weights();
    this.lmHead = weights.lmHead() == null ? null : new LmHead(this, weights.lmHead());
    this.scoreHead =
        weights.score() == null || config.score() == null
            ? null
            : new ScoreHead(this, weights.score(), config.score());
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
  public static Engine load(Path folder, EngineOptions options, LoadProgress progress)
      throws IOException {
    return new Engine(LoadedCheckpoint.load(folder, options, progress), options.prefillChunk());
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
    return model.tensors().byteSize();
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
    return Activations.bytes(config, passes.mostTokens(), model.backend().mostHeadRows());
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
    config.checkTokenIds(tokenIds);
    BlockMatrix blocks = model.weights().lmHeadBlocks();
    if (blocks != null) {
      return new LmHead(this, new Linear(backend.weight(blocks.selectRows(tokenIds)), null));
    }
    try {
      Tensor rows = Qwen3Weights.lmHeadRows(model.tensors(), config, tokenIds);
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
    return passes.mostTokens();
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
    together(
        batch,
        tokenIds,
        Passes.Wanted.LAST,
        head,
        (sequence, position, r) -> results[sequence] = r);
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
    together(batch, tokenIds, Passes.Wanted.ALL, head, visitor);
  }

  private void together(
      List<Session> batch,
      List<int[]> tokenIds,
      Passes.Wanted wanted,
      Head head,
      BatchVisitor visitor) {
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
   * Whether greedy decoding is the faster the more steps are asked for at once: on a device, where
   * scores are far away and a step need not wait for who reads the one before.
   *
   * @return true if {@link Session#best} pays
   */
  public boolean runsAhead() {
    return backend.runsAhead();
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
    return Arrays.stream(bestTogether(batch, tokenIds, count, config.vocabSize()))
        .map(best -> Arrays.stream(best).mapToInt(BestClass::tokenId).toArray())
        .toArray(int[][]::new);
  }

  /** As {@link #greedyTogether}, with the scores of what was chosen among the first classes. */
  BestClass[][] bestTogether(List<Session> batch, List<int[]> tokenIds, int count, int classes) {
    checkBatch(batch, tokenIds);
    if (classes < 1 || classes > config.vocabSize()) {
      throw new IllegalArgumentException(
          "classes is " + classes + ", expected 1 to " + config.vocabSize());
    }
    if (count < 1) {
      throw new IllegalArgumentException("count is " + count + ", expected at least 1");
    }
    if (batch.size() > prefillChunk()) {
      throw new IllegalArgumentException(
          batch.size() + " sessions, expected at most prefillChunk, which is " + prefillChunk());
    }
    GreedyDecoding greedy = new GreedyDecoding(passes, lmHead(), classes);
    BestClass[][] chosen = new BestClass[batch.size()][count];
    exclusively(batch, () -> greedy.decode(batch, tokenIds, chosen));
    return chosen;
  }

  /** Appends tokens to sequences that the caller has entered; no head where nothing is asked. */
  void run(
      List<Session> batch,
      List<int[]> tokenIds,
      Passes.Wanted wanted,
      @Nullable Head head,
      BatchVisitor visitor) {
    if (head != null) {
      head.checkBelongsTo(this);
    }
    passes.run(batch, tokenIds, wanted, head, visitor, null);
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
          passes.run(
              List.of(session),
              List.of(tokenIds),
              Passes.Wanted.LAST,
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

  void checkOpen() {
    passes.checkOpen();
  }

  /**
   * Waits for the pass that is running, then frees everything. Sessions that are still open are
   * unusable afterwards. Closing twice does nothing.
   */
  @Override
  public void close() {
    passes.close(() -> {
      List<Session> open;
      synchronized (sessions) {
        open = List.copyOf(sessions);
      }
      open.forEach(Session::closeUnlessInUse);
      model.close();
    });
  }
}
