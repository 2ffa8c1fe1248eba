package io.github.nextclass.sampling.structure;

import io.github.nextclass.tokenizer.AddedToken;
import io.github.nextclass.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What a constraint costs at each step, with the vocabulary of Qwen3: the first 40 tokens of an
 * answer are followed, and the masks along the way found or looked up. Times are for one step.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class StructureBenchmark {
  private static final int STEPS = 40;
  private static final Path TOKENIZER = Path.of("../shared/qwen3/Qwen3-0.6B");

  /** The structure. */
  @Param({"object", "limits", "regex"})
  public String structure = "";

  private Constraint constraint = Constraint.regex("");
  private TokenTrie trie = TokenTrie.of(0, id -> new byte[0]);
  private TokenMasks shared = new TokenMasks(trie, constraint);
  private int[] answer = {};

  /**
   * Reads the tokenizer and encodes the answer.
   *
   * @throws IOException if there is no tokenizer beside the repository
   */
  @Setup
  public void setUp() throws IOException {
    Tokenizer tokenizer = Tokenizer.load(TOKENIZER);
    Set<Integer> added =
        tokenizer.addedTokens().stream().map(AddedToken::id).collect(Collectors.toSet());
    trie =
        TokenTrie.of(
            tokenizer.vocabSize(),
            id -> added.contains(id) ? new byte[0] : tokenizer.tokenBytes(id));
    String person =
        "{\"name\": \"Ada Lovelace\", \"born\": 1815, \"works\": [\"Notes on the Analytical Engine\", \"Letters to"
            + " Charles Babbage about the engine and much else that she thought of\"], \"fields\": [\"mathematics\"]}";
    String strings = "\"items\":{\"type\":\"string\"%s}}";
    String schema =
        "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"%1$s},\"born\":{\"type\":\"integer\"},"
            + "\"works\":{\"type\":\"array\","
            + strings
            + ",\"fields\":{\"type\":\"array\","
            + strings
            + "},"
            + "\"required\":[\"name\",\"born\",\"works\",\"fields\"],\"additionalProperties\":false}";
    schema = schema.replace("{\"type\":\"string\"%s}", "{\"type\":\"string\"%1$s}");
    constraint =
        switch (structure) {
          case "object" -> Constraint.jsonSchema(schema.formatted(""));
          case "limits" -> Constraint.jsonSchema(schema.formatted(",\"maxLength\":200"));
          default -> Constraint.regex("\\{.*\\}");
        };
    answer = Arrays.copyOf(tokenizer.encode(person), STEPS);
    shared = new TokenMasks(trie, constraint);
  }

  private long follow(TokenMasks masks) {
    Automaton.State state = masks.start();
    long sum = 0;
    for (int token : answer) {
      if (state == null) {
        throw new AssertionError("a token is not allowed");
      }
      sum += masks.allowed(state, Costs.NEVER)[token >> 6];
      state = masks.advance(state, token);
    }
    return sum;
  }

  /**
   * Every state is met for the first time, unless it comes twice in the same answer.
   *
   * @return something that depends on the masks
   */
  @Benchmark
  @OperationsPerInvocation(STEPS)
  public long firstVisits() {
    return follow(new TokenMasks(trie, constraint));
  }

  /**
   * The same in a JVM that has just started, for the first constraint that it meets.
   *
   * @return something that depends on the masks
   */
  @Benchmark
  @OperationsPerInvocation(STEPS)
  @BenchmarkMode(Mode.SingleShotTime)
  @Warmup(iterations = 0)
  @Measurement(iterations = 1)
  @Fork(5)
  public long coldFirstVisits() {
    return follow(new TokenMasks(trie, constraint));
  }

  /**
   * All states are known.
   *
   * @return something that depends on the masks
   */
  @Benchmark
  @OperationsPerInvocation(STEPS)
  public long remembered() {
    return follow(shared);
  }
}
