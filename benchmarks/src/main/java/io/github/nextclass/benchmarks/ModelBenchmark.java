package io.github.nextclass.benchmarks;

import io.github.nextclass.cli.ModelShape;
import io.github.nextclass.cli.RandomCheckpoint;
import io.github.nextclass.engine.Engine;
import io.github.nextclass.engine.EngineOptions;
import io.github.nextclass.engine.PrimitivesChoice;
import io.github.nextclass.engine.Session;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The whole model, prompt and steps, at the shape of 0.6B. Without a folder random weights are
 * written to a temporary one (1.2 GB). Before anything is measured its logits are compared with
 * those of the scalar loops.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 2)
@Measurement(iterations = 5)
@Fork(
    value = 5, // the JIT is bimodal
    jvmArgsAppend = {"--add-modules", "jdk.incubator.vector", "-XX:+UseSerialGC"})
public class ModelBenchmark {
  private static final int PROMPT = 256;

  /** Tokens before the steps that are measured, each time again. */
  private static final int CONTEXT = 8;

  private static final int STEPS = 16;
  private static final int BATCH = 8;

  /** A checkpoint folder; empty for random weights. */
  @Param("")
  public String model = "";

  /** How the loops run: {@code vector}, or {@code scalar} for the fallback. */
  @Param("vector")
  public String primitives = "";

  private @Nullable RandomCheckpoint checkpoint;

  @SuppressWarnings("NullAway.Init") // by setUp
  private Engine engine;

  private int[] prompt = {};
  private List<Session> sessions = List.of();

  /**
   * Loads the model and checks it.
   *
   * @throws IOException if there is no room for the weights
   */
  @Setup
  @SuppressWarnings("MustBeClosedChecker") // tearDown closes them
  public void setUp() throws IOException {
    if (model.isEmpty()) {
      checkpoint = RandomCheckpoint.create(ModelShape.B0_6);
    }
    Path folder = checkpoint == null ? Path.of(model) : checkpoint.folder();
    EngineOptions options = EngineOptions.defaults().withBackend(EngineOptions.CPU);
    engine = Engine.load(folder, options.withPrimitives(Shape.choice(primitives)));
    prompt = new Random(1).ints(PROMPT, 0, engine.config().vocabSize()).toArray();
    check(folder, options.withPrimitives(PrimitivesChoice.SCALAR));
    sessions = IntStream.range(0, BATCH).mapToObj(i -> engine.newSession(PROMPT + STEPS)).toList();
    sessions.forEach(session -> session.append(Arrays.copyOf(prompt, CONTEXT)));
  }

  private void check(Path folder, EngineOptions options) throws IOException {
    int[] few = Arrays.copyOf(prompt, 12);
    try (Engine scalar = Engine.load(folder, options);
        Session expected = scalar.newSession(few.length + 1);
        Session found = engine.newSession(few.length + 1)) {
      boolean equal =
          Arrays.equals(found.forward(few), expected.forward(few))
              && Arrays.equals(found.forward(1), expected.forward(1));
      if (!equal) {
        throw new AssertionError("the logits differ from those of the scalar loops");
      }
    }
  }

  /** Frees everything. */
  @TearDown
  public void tearDown() {
    engine.close();
    if (checkpoint != null) {
      checkpoint.close();
    }
  }

  /**
   * A prompt of 256 tokens.
   *
   * @param rate tokens a second
   * @return the logits
   */
  @Benchmark
  public float[] prefill(Rates.Tokens rate) {
    Session session = sessions.getFirst();
    session.truncate(0);
    rate.add(PROMPT);
    return session.forward(prompt);
  }

  /**
   * 16 steps of one sequence.
   *
   * @param rate tokens a second
   * @return the last token
   */
  @Benchmark
  public int decode(Rates.Tokens rate) {
    sessions.getFirst().truncate(CONTEXT);
    int tokenId = 1;
    for (int i = 0; i < STEPS; i++) {
      tokenId = best(sessions.getFirst().forward(tokenId));
    }
    rate.add(STEPS);
    return tokenId;
  }

  /**
   * 16 steps of 8 sequences together.
   *
   * @param rate tokens a second, all sequences
   * @return the last tokens
   */
  @Benchmark
  public int[] decodeTogether(Rates.Tokens rate) {
    sessions.forEach(session -> session.truncate(CONTEXT));
    int[] tokenIds = IntStream.range(0, BATCH).toArray();
    for (int i = 0; i < STEPS; i++) {
      float[][] logits = engine.forwardTogether(sessions, tokenIds);
      Arrays.setAll(tokenIds, sequence -> best(logits[sequence]));
    }
    rate.add((long) STEPS * BATCH);
    return tokenIds;
  }

  private static int best(float[] scores) {
    int best = 0;
    for (int i = 1; i < scores.length; i++) {
      if (scores[i] > scores[best]) {
        best = i;
      }
    }
    return best;
  }
}
