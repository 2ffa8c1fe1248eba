package io.github.nextclass.cli;

import io.github.nextclass.engine.Engine;
import io.github.nextclass.engine.EngineOptions;
import io.github.nextclass.engine.Session;
import io.github.nextclass.safetensors.Safetensors;
import io.github.nextclass.safetensors.TensorSource;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The rates of a model, measured as llama-bench does: random prompts, one sequence.
 *
 * @param backend what ran it
 * @param loadMillis from the folder's name to a session
 * @param firstTokenMillis the first 8-token prompt right after loading, nothing warmed up
 * @param processToFirstTokenMillis from the start of the process, which is that of the launcher, to
 *     the end of that prompt; null where the system does not tell
 * @param promptTokensPerSecond the median of three prompts, each into an empty session
 * @param newTokensPerSecond the steps after an 8-token prompt and 4 steps, the median of three runs
 * @param contextTokensPerSecond the same after a long prompt; null if that was not asked for
 * @param batchTokensPerSecond steps of several sequences together, the tokens of all of them; null
 *     if that was not asked for
 * @param bytesReadPerToken the weights that a step goes through
 * @param memory of the process after the prompts; null where it is not known
 * @param kvCacheBytes what of that is the KV cache
 */
record Benchmark(
    String backend,
    double loadMillis,
    double firstTokenMillis,
    @Nullable Double processToFirstTokenMillis,
    double promptTokensPerSecond,
    double newTokensPerSecond,
    @Nullable Double contextTokensPerSecond,
    @Nullable Double batchTokensPerSecond,
    long bytesReadPerToken,
    @Nullable ProcessMemory memory,
    long kvCacheBytes) {

  private static final int SHORT_PROMPT = 8;
  private static final int STEPS_BEFORE_DECODE = 4;
  private static final int RUNS = 3;

  /** The KV cache grows by so many positions. */
  private static final int KV_BLOCK = 64;

  /**
   * What to measure.
   *
   * @param promptTokens the length of a prompt
   * @param newTokens the steps to time
   * @param context the length of a prompt after which steps are timed again; 0 for none
   * @param batch sequences that are decoded together; 0 for none
   */
  record Plan(int promptTokens, int newTokens, int context, int batch) {
    /** The longest sequence. */
    int capacity() {
      return Math.addExact(
          Math.max(promptTokens, Math.max(context, SHORT_PROMPT)),
          Math.addExact(newTokens, STEPS_BEFORE_DECODE));
    }
  }

  static Benchmark run(Path folder, EngineOptions options, Plan plan) throws IOException {
    long start = System.nanoTime();
    try (Engine engine = Engine.load(folder, options);
        Session session = engine.newSession(plan.capacity())) {
      double load = millisSince(start);

      int vocabSize = engine.config().vocabSize();
      start = System.nanoTime();
      argmax(session.forward(prompt(SHORT_PROMPT, vocabSize)));
      double firstToken = millisSince(start);
      Double processToFirstToken = millisSinceProcessStart();

      double promptRate = promptRate(session, prompt(plan.promptTokens(), vocabSize));
      ProcessMemory memory = ProcessMemory.measure().orElse(null);
      long kvPositions =
          engine.description().startsWith("CPU") // a device has a memory of its own
              ? Math.ceilDiv(session.position(), KV_BLOCK) * (long) KV_BLOCK
              : 0;

      return new Benchmark(
          engine.description(),
          load,
          firstToken,
          processToFirstToken,
          promptRate,
          decodeRate(engine, session, prompt(SHORT_PROMPT, vocabSize), plan.newTokens()),
          plan.context() == 0
              ? null
              : decodeOnce(engine, session, prompt(plan.context(), vocabSize), plan.newTokens()),
          plan.batch() == 0 ? null : batchRate(engine, plan),
          bytesReadPerToken(folder, engine),
          memory,
          kvPositions * engine.kvBytesPerPosition());
    }
  }

  private static @Nullable Double millisSinceProcessStart() {
    Optional<Instant> start = ProcessHandle.current().info().startInstant();
    return start
        .map(instant -> Duration.between(instant, Instant.now()).toNanos() / 1e6)
        .orElse(null);
  }

  private static double promptRate(Session session, int[] prompt) {
    double[] rates = new double[RUNS];
    for (int i = 0; i < rates.length; i++) {
      session.truncate(0);
      long start = System.nanoTime();
      session.forward(prompt);
      rates[i] = prompt.length / millisSince(start) * 1000;
    }
    Arrays.sort(rates);
    return rates[rates.length / 2];
  }

  /** The median of some runs, as for prompts: in the first the JIT is still at work. */
  private static double decodeRate(Engine engine, Session session, int[] prompt, int newTokens) {
    double[] rates = new double[RUNS];
    for (int i = 0; i < rates.length; i++) {
      rates[i] = decodeOnce(engine, session, prompt, newTokens);
    }
    Arrays.sort(rates);
    return rates[rates.length / 2];
  }

  private static double decodeOnce(Engine engine, Session session, int[] prompt, int newTokens) {
    session.truncate(0);
    int tokenId = argmax(session.forward(prompt));
    tokenId = decode(engine, session, tokenId, STEPS_BEFORE_DECODE);
    long start = System.nanoTime();
    decode(engine, session, tokenId, newTokens);
    return newTokens / millisSince(start) * 1000;
  }

  /** Greedy decoding as generation does it; returns the last token. */
  private static int decode(Engine engine, Session session, int first, int steps) {
    if (engine.runsAhead()) {
      return session.greedy(new int[] {first}, steps)[steps - 1];
    }
    int tokenId = first;
    for (int i = 0; i < steps; i++) {
      tokenId = argmax(session.forward(tokenId));
    }
    return tokenId;
  }

  private static double batchRate(Engine engine, Plan plan) {
    List<Session> sessions = new ArrayList<>();
    try {
      for (int i = 0; i < plan.batch(); i++) {
        sessions.add(engine.newSession(SHORT_PROMPT + STEPS_BEFORE_DECODE + plan.newTokens()));
        sessions.get(i).append(prompt(SHORT_PROMPT, engine.config().vocabSize()));
      }
      int[] tokenIds = prompt(plan.batch(), engine.config().vocabSize()); // different sequences
      step(engine, sessions, tokenIds, STEPS_BEFORE_DECODE);
      long start = System.nanoTime();
      step(engine, sessions, tokenIds, plan.newTokens());
      return (double) plan.batch() * plan.newTokens() / millisSince(start) * 1000;
    } finally {
      sessions.forEach(Session::close);
    }
  }

  private static void step(Engine engine, List<Session> sessions, int[] tokenIds, int steps) {
    if (engine.runsAhead() && sessions.size() <= engine.prefillChunk()) {
      List<int[]> first = Arrays.stream(tokenIds).mapToObj(id -> new int[] {id}).toList();
      int[][] chosen = engine.greedyTogether(sessions, first, steps);
      Arrays.setAll(tokenIds, sequence -> chosen[sequence][steps - 1]);
      return;
    }
    for (int i = 0; i < steps; i++) {
      float[][] logits = engine.forwardTogether(sessions, tokenIds);
      Arrays.setAll(tokenIds, sequence -> argmax(logits[sequence]));
    }
  }

  /** All weights but an embedding table that is not the LM head too: of that, a row. */
  private static long bytesReadPerToken(Path folder, Engine engine) throws IOException {
    if (engine.copiedWeightBytes() > 0 && engine.config().quantization() == null) {
      return engine.copiedWeightBytes(); // quantised while loading
    }
    String leftOut = engine.config().tieWordEmbeddings() ? "lm_head.weight" : "embed_tokens.weight";
    long bytes = 0;
    try (TensorSource tensors = Safetensors.open(folder)) {
      for (String name : tensors.names()) {
        bytes += name.endsWith(leftOut) ? 0 : tensors.tensor(name).byteSize();
      }
    }
    return bytes;
  }

  private static int[] prompt(int tokens, int vocabSize) {
    int[] ids = new int[tokens];
    int state = 12345;
    for (int i = 0; i < tokens; i++) {
      state = state * 1_103_515_245 + 12_345 & Integer.MAX_VALUE;
      ids[i] = (1000 + state % 100_000) % vocabSize;
    }
    return ids;
  }

  private static int argmax(float[] scores) {
    int best = 0;
    for (int i = 1; i < scores.length; i++) {
      if (scores[i] > scores[best]) {
        best = i;
      }
    }
    return best;
  }

  private static double millisSince(long startNanos) {
    return Math.max(1, System.nanoTime() - startNanos) / 1e6;
  }
}
