package io.github.nextclass.sampling;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
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
import org.openjdk.jmh.annotations.Warmup;

/**
 * What a decision costs on all 151,936 classes of Qwen3, on one thread, after 2,000 tokens: the
 * filters alone, and with the choice that follows. Each time includes the copy of the scores that
 * every step makes, which "none" measures alone. What the filters leave is compared with what a
 * full sort finds.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(3)
public class SamplingBenchmark {
  private static final int CLASSES = 151_936;
  private static final int TOKENS = 2_000;
  private static final int REPEATED = 10;
  private static final int TOP_K = 20;
  private static final double TOP_P = 0.95;

  /** The filter. */
  @Param({
    "none",
    "greedy",
    "temperature",
    "topK",
    "topP",
    "minP",
    "typicalP",
    "epsilonCutoff",
    "etaCutoff",
    "topNSigma",
    "xtc",
    "dynamicTemperature",
    "mirostat",
    "noRepeatNgram",
    "dry",
    "repetitionPenalty",
    "qwen3",
    "chain"
  })
  public String filter = "";

  private final TokenHistory history = new TokenHistory(new int[] {0});
  private final Candidates candidates = new Candidates(CLASSES);
  private final float[] logits = new float[CLASSES];
  private List<LogitsFilter> filters = List.of();
  private Chooser chooser = new Argmax();
  private int step;

  /** Makes scores as a model's: a bell, and a few classes far above it. Then checks the filters. */
  @Setup
  public void setUp() {
    Random random = new Random(1);
    for (int i = 0; i < CLASSES; i++) {
      logits[i] = (float) (2.5 * random.nextGaussian());
    }
    for (int i = 0; i < 20; i++) {
      logits[random.nextInt(CLASSES)] = 12 + 4 * random.nextFloat();
    }
    int[] tokenIds = random.ints(TOKENS - REPEATED, 0, 500).toArray();
    Arrays.stream(tokenIds).forEach(history::append);
    Arrays.stream(tokenIds, 100, 100 + REPEATED).forEach(history::append); // seen before
    filters = LogitsFilters.of(decoding().settings(), CLASSES, 1);
    chooser = filter.equals("greedy") ? new Argmax() : new CategoricalDraw(1);
    check();
  }

  private void check() {
    int left = filter();
    int expected =
        switch (filter) {
          case "none", "greedy", "temperature" -> CLASSES;
          case "topK" -> TOP_K;
          case "topP" -> nucleus(CLASSES, 1);
          case "qwen3" -> nucleus(TOP_K, 0.6);
          default -> left;
        };
    if (left != expected || left < 1) {
      throw new AssertionError(filter + ": " + left + " classes are left, expected " + expected);
    }
    boolean unchanged = left == CLASSES && Arrays.equals(candidates.scores(), logits);
    if (unchanged != (filter.equals("none") || filter.equals("greedy"))) {
      throw new AssertionError(filter + (unchanged ? " did nothing" : " did something"));
    }
    int chosen = candidates.id(chooser.choose(candidates, 0).index());
    float best = logits[chosen];
    for (float score : logits) {
      best = Math.max(best, score);
    }
    if (candidates.indexOf(chosen) < 0 || (filter.equals("greedy") && logits[chosen] != best)) {
      throw new AssertionError(filter + ": class " + chosen + " cannot be chosen");
    }
  }

  /** How many of the best classes have 95 % of the probability, found by sorting all of them. */
  private int nucleus(int best, double temperature) {
    double[] sorted = new double[CLASSES];
    for (int i = 0; i < CLASSES; i++) {
      sorted[i] = -logits[i] / temperature;
    }
    Arrays.sort(sorted);
    double total = 0;
    for (int i = 0; i < best; i++) {
      total += Math.exp(sorted[0] - sorted[i]);
    }
    double sum = 0;
    int count = 0;
    while (sum < TOP_P * total) {
      sum += Math.exp(sorted[0] - sorted[count++]);
    }
    return count;
  }

  private Decoding decoding() {
    Decoding decoding = Decoding.sampling();
    return switch (filter) {
      case "none" -> decoding;
      case "greedy" -> Decoding.greedy();
      case "temperature" -> decoding.temperature(0.7);
      case "topK" -> decoding.topK(TOP_K);
      case "topP" -> decoding.topP(TOP_P);
      case "minP" -> decoding.minP(0.05);
      case "typicalP" -> decoding.with(new TypicalP(0.9));
      case "epsilonCutoff" -> decoding.with(new EpsilonCutoff(3e-4));
      case "etaCutoff" -> decoding.with(new EtaCutoff(2e-3));
      case "topNSigma" -> decoding.with(new TopNSigma(1));
      case "xtc" -> decoding.with(new Xtc(1, 0.05));
      case "dynamicTemperature" -> decoding.with(new DynamicTemperature(0.5, 1));
      case "mirostat" -> decoding.with(new Mirostat(5, 0.1));
      case "noRepeatNgram" -> decoding.with(new NoRepeatNgram(3));
      case "dry" -> decoding.with(Dry.of(0.8));
      case "repetitionPenalty" -> decoding.repetitionPenalty(1.1);
      case "qwen3" -> decoding.temperature(0.6).topK(TOP_K).topP(TOP_P);
      case "chain" -> // all that a server's request may ask for together
          decoding
              .repetitionPenalty(1.1)
              .with(Dry.of(0.8))
              .with(new TopNSigma(2))
              .temperature(0.7)
              .topK(40)
              .topP(TOP_P)
              .minP(0.02);
      default -> throw new IllegalArgumentException(filter);
    };
  }

  /**
   * One step of filtering.
   *
   * @return how many classes are left
   */
  @Benchmark
  public int filter() {
    candidates.reset(logits);
    for (LogitsFilter each : filters) {
      each.apply(candidates, history);
    }
    return candidates.count();
  }

  /**
   * One step of filtering and choosing.
   *
   * @return the class
   */
  @Benchmark
  public int decide() {
    filter();
    return candidates.id(chooser.choose(candidates, step++).index());
  }
}
