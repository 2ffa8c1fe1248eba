package io.github.nextclass.benchmarks;

import io.github.nextclass.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Text to tokens and back, on one thread, 100,000 characters at a time: a new text each time, for
 * words that were seen before are remembered. Each text must come back from its tokens unchanged.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(3)
public class TokenizerBenchmark {
  private static final int CHARACTERS = 100_000;
  private static final int TEXTS = 16;

  /** A folder with a tokenizer. The one of Qwen3 lies beside the repository where it is there. */
  @Param("")
  public String tokenizer = "";

  /** What the text is made of. */
  @Param({"english", "code", "chinese"})
  public String text = "";

  @SuppressWarnings("NullAway.Init") // by setUp
  private Tokenizer loaded;

  private Path folder = Path.of("");
  private final String[] texts = new String[TEXTS];
  private final int[][] tokenIds = new int[TEXTS][];
  private int next;

  /** Rates beside the times. */
  @AuxCounters(AuxCounters.Type.EVENTS)
  @State(Scope.Thread)
  public static class Speed {
    private long tokens;
    private long started;

    /** Starts the clock of an iteration. */
    @Setup(Level.Iteration)
    public void start() {
      tokens = 0;
      started = System.nanoTime();
    }

    /**
     * Tokens made or read.
     *
     * @return the rate in millions a second
     */
    public double megatokensPerSecond() {
      return 1e3 * tokens / (System.nanoTime() - started);
    }
  }

  /**
   * Makes texts and checks that they survive.
   *
   * @throws IOException if the tokenizer cannot be read
   */
  @Setup
  public void setUp() throws IOException {
    Path published = Path.of("../shared/qwen3/Qwen3-0.6B");
    folder =
        !tokenizer.isEmpty()
            ? Path.of(tokenizer)
            : Files.isDirectory(published) ? published : Path.of("models/storyteller");
    loaded = Tokenizer.load(folder);
    for (int i = 0; i < TEXTS; i++) {
      texts[i] = Texts.random(text, CHARACTERS, i);
      tokenIds[i] = loaded.encode(texts[i]);
      if (!loaded.decode(tokenIds[i]).equals(texts[i])) {
        throw new AssertionError("text " + i + " does not come back from its tokens");
      }
    }
  }

  /**
   * Text to tokens.
   *
   * @param speed the rate
   * @return the tokens
   */
  @Benchmark
  public int[] encode(Speed speed) {
    int[] ids = loaded.encode(texts[next]);
    if (ids.length != tokenIds[next].length) {
      throw new AssertionError("other tokens than before");
    }
    next = (next + 1) % TEXTS;
    speed.tokens += ids.length;
    return ids;
  }

  /**
   * Tokens to text.
   *
   * @param speed the rate
   * @return the text
   */
  @Benchmark
  public String decode(Speed speed) {
    String decoded = loaded.decode(tokenIds[next]);
    speed.tokens += tokenIds[next].length;
    next = (next + 1) % TEXTS;
    return decoded;
  }

  /**
   * A tokenizer from its files, in warm code; the first one of a process takes several times as
   * long.
   *
   * @return something that depends on it
   * @throws IOException if it cannot be read
   */
  @Benchmark
  public int load() throws IOException {
    return Arrays.hashCode(Tokenizer.load(folder).encode("Once upon a time"));
  }
}
