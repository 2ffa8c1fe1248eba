package io.github.nextclass.sampling;

import io.github.nextclass.cli.ModelShape;
import io.github.nextclass.cli.RandomCheckpoint;
import io.github.nextclass.engine.Engine;
import io.github.nextclass.engine.Session;
import java.io.IOException;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What guessing ahead brings when an answer quotes its prompt, at the shape of the 0.6B model. A
 * model with random weights quotes nothing, so the answer is written beforehand: the model does all
 * of its work, and then the score of the token that the answer has there is raised above all
 * others. Times are for one token.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 1)
@Measurement(iterations = 3)
@Fork(
    value = 1,
    jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
public class PromptLookupBenchmark {
  private static final int VOCAB_SIZE = 151_936;
  private static final int PROMPT = 200;
  private static final int ANSWER = 64;
  private static final int RUN = 8;

  /** How much of the answer stands in the prompt: of half, every other eight tokens. */
  @Param({"none", "half", "all"})
  public String quoted = "";

  /** How many tokens are guessed at a time. */
  @Param({"0", "10"})
  public int numTokens;

  @SuppressWarnings("NullAway.Init") // by setUp
  private RandomCheckpoint checkpoint;

  @SuppressWarnings("NullAway.Init") // by setUp
  private Engine engine;

  @SuppressWarnings("NullAway.Init") // by readPrompt
  private Session session;

  private int[] text = {};

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
    text = new Random(1).ints(PROMPT + ANSWER, 0, VOCAB_SIZE).toArray();
    for (int i = 0; i < ANSWER; i++) {
      if (quoted.equals("all") || (quoted.equals("half") && i / RUN % 2 == 0)) {
        text[PROMPT + i] = text[PROMPT / 4 + i];
      }
    }
  }

  /** Reads the prompt but for its last token, so that it is not measured. */
  @Setup(Level.Invocation)
  public void readPrompt() {
    session = engine.newSession(text.length);
    session.append(Arrays.copyOf(text, PROMPT - 1));
  }

  /** Frees the KV cache. */
  @TearDown(Level.Invocation)
  public void closeSession() {
    session.close();
  }

  /** Removes the checkpoint. */
  @TearDown
  public void tearDown() {
    engine.close();
    checkpoint.close();
  }

  /** The model, whose scores are made to say what the text says. */
  private record Scripted(SessionClassifier model, int[] text) implements BranchingClassifier {
    private void script(float[] scores, int position) {
      if (position < text.length) {
        scores[text[position]] = Float.MAX_VALUE;
      }
    }

    @Override
    public int classes() {
      return model.classes();
    }

    @Override
    public int position() {
      return model.position();
    }

    @Override
    public int capacity() {
      return model.capacity();
    }

    @Override
    public float[] classify(int... tokenIds) {
      float[] scores = model.classify(tokenIds);
      script(scores, model.position());
      return scores;
    }

    @Override
    public float[][] classifyEach(int... tokenIds) {
      int before = model.position();
      float[][] scores = model.classifyEach(tokenIds);
      for (int i = 0; i < scores.length; i++) {
        script(scores[i], before + i + 1);
      }
      return scores;
    }

    @Override
    public void truncate(int length) {
      model.truncate(length);
    }

    @Override
    public BranchingClassifier fork() {
      throw new UnsupportedOperationException();
    }

    @Override
    public void close() {
      model.close();
    }
  }

  /**
   * The answer, token by token.
   *
   * @return the answer
   */
  @Benchmark
  @OperationsPerInvocation(ANSWER)
  public Generation decode() {
    Decoding decoding = Decoding.greedy().maxNewTokens(ANSWER);
    Decoder decoder =
        new Decoder(
            new Scripted(new SessionClassifier(engine, session, VOCAB_SIZE), text),
            Arrays.copyOf(text, PROMPT),
            numTokens == 0 ? decoding : decoding.promptLookup(PromptLookup.of(numTokens)),
            NoText.INSTANCE,
            new Cancellation());
    Generation generation = decoder.run(GenerationListener.none());
    if (!Arrays.equals(generation.tokenIds(), Arrays.copyOfRange(text, PROMPT, text.length))) {
      throw new AssertionError("another answer");
    }
    return generation;
  }
}
