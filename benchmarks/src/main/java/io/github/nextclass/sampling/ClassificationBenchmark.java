package io.github.nextclass.sampling;

import io.github.nextclass.cli.ModelShape;
import io.github.nextclass.cli.RandomCheckpoint;
import io.github.nextclass.engine.Engine;
import io.github.nextclass.engine.Session;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What a question with two answers costs beside the prefill of its text, and what batching brings,
 * at the shape of the 0.6B model with random weights, which are written to a temporary folder (1.2
 * GB).
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 2)
@Measurement(iterations = 5)
@Fork(
    value = 1,
    jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
public class ClassificationBenchmark {
  private static final int VOCAB_SIZE = 151_936;
  private static final int LONG_TEXT = 200;
  private static final int SHORT_TEXTS = 64;
  private static final int SHORT_TEXT = 16;

  /** What the built-in template puts around a text for two labels of one token, in tokens. */
  private static final int BEFORE_TEXT = 13;

  private static final int BEHIND_TEXT = 3;

  @SuppressWarnings("NullAway.Init") // by setUp
  private RandomCheckpoint checkpoint;

  @SuppressWarnings("NullAway.Init") // by setUp
  private Engine engine;

  @SuppressWarnings("NullAway.Init") // by setUp
  private ContinuationScorer twoLabels;

  private int[] longText = {};
  private List<int[]> shortTexts = List.of();

  /**
   * Writes the checkpoint and loads it.
   *
   * @throws IOException if there is no room
   */
  @Setup
  @SuppressWarnings("MustBeClosedChecker") // tearDown closes it
  public void setUp() throws IOException {
    checkpoint = RandomCheckpoint.create(ModelShape.B0_6);
    engine = Engine.load(checkpoint.folder());
    twoLabels = new ContinuationScorer(engine, List.of(new int[] {9693}, new int[] {2152}));
    Random random = new Random(1);
    longText = random.ints(LONG_TEXT, 0, VOCAB_SIZE).toArray();
    int[] before = random.ints(BEFORE_TEXT, 0, VOCAB_SIZE).toArray();
    int[] behind = random.ints(BEHIND_TEXT, 0, VOCAB_SIZE).toArray();
    shortTexts =
        IntStream.range(0, SHORT_TEXTS)
            .mapToObj(i ->
                Stream.of(
                        Arrays.stream(before),
                        random.ints(SHORT_TEXT, 0, VOCAB_SIZE),
                        Arrays.stream(behind))
                    .flatMapToInt(tokens -> tokens)
                    .toArray())
            .toList();
  }

  /** Removes the checkpoint. */
  @TearDown
  public void tearDown() {
    engine.close();
    checkpoint.close();
  }

  /** The body alone, over a text of 200 tokens. */
  @Benchmark
  public void prefillOfTheBody() {
    try (Session session = engine.newSession(LONG_TEXT)) {
      session.append(longText);
    }
  }

  /**
   * The same text, classified into two labels.
   *
   * @return the scores
   */
  @Benchmark
  public double[][] twoLabelQuestion() {
    return twoLabels.score(List.of(longText));
  }

  /**
   * 64 texts of 16 tokens in their template, together.
   *
   * @return the scores
   */
  @Benchmark
  public double[][] shortTextsBatched() {
    return twoLabels.score(shortTexts);
  }

  /**
   * 64 texts of 16 tokens in their template, one after the other.
   *
   * @return the scores
   */
  @Benchmark
  public double[][] shortTextsOneByOne() {
    return shortTexts.stream()
        .map(text -> twoLabels.score(List.of(text))[0])
        .toArray(double[][]::new);
  }
}
