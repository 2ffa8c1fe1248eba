package io.github.nextclass.sampling;

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
 * What a filter costs on all 151,936 classes of Qwen3, on one thread, after 2,000 tokens. Each time
 * includes the copy of the scores that every step makes, which "none" measures alone.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class SamplingBenchmark {
  private static final int CLASSES = 151_936;
  private static final int TOKENS = 2_000;

  /** The filter. */
  @Param({
    "none",
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
    "qwen3"
  })
  public String filter = "";

  private final TokenHistory history = new TokenHistory(new int[] {0});
  private final Candidates candidates = new Candidates(CLASSES);
  private final float[] logits = new float[CLASSES];
  private List<LogitsFilter> filters = List.of();

  /** Makes scores as a model's: a bell, and a few classes far above it. */
  @Setup
  public void setUp() {
    Random random = new Random(1);
    for (int i = 0; i < CLASSES; i++) {
      logits[i] = (float) (2.5 * random.nextGaussian());
    }
    for (int i = 0; i < 20; i++) {
      logits[random.nextInt(CLASSES)] = 12 + 4 * random.nextFloat();
    }
    for (int i = 0; i < TOKENS; i++) {
      history.append(random.nextInt(500));
    }
    filters = LogitsFilters.of(decoding().settings(), CLASSES, 1);
  }

  private Decoding decoding() {
    Decoding decoding = Decoding.sampling();
    return switch (filter) {
      case "none" -> decoding;
      case "temperature" -> decoding.temperature(0.7);
      case "topK" -> decoding.topK(20);
      case "topP" -> decoding.topP(0.95);
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
      case "qwen3" -> decoding.temperature(0.6).topK(20).topP(0.95);
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
}
