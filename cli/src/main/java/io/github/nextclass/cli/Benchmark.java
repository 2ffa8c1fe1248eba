package io.github.nextclass.cli;

import io.github.nextclass.engine.Engine;
import io.github.nextclass.engine.EngineOptions;
import io.github.nextclass.engine.Session;
import io.github.nextclass.safetensors.Safetensors;
import io.github.nextclass.safetensors.TensorSource;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * The rates of a model, measured as llama-bench does: random prompts, one sequence.
 *
 * @param backend what ran it
 * @param loadMillis from the folder's name to a session
 * @param firstTokenMillis the first 8-token prompt right after loading, nothing warmed up
 * @param javaToFirstTokenMillis from the start of Java to the end of that prompt
 * @param promptTokensPerSecond the median of three prompts, each into an empty session
 * @param newTokensPerSecond the steps after an 8-token prompt and 4 steps
 * @param bytesReadPerToken the weights that a step goes through
 */
record Benchmark(
    String backend,
    double loadMillis,
    double firstTokenMillis,
    double javaToFirstTokenMillis,
    double promptTokensPerSecond,
    double newTokensPerSecond,
    long bytesReadPerToken) {

  private static final int SHORT_PROMPT = 8;
  private static final int STEPS_BEFORE_DECODE = 4;
  private static final int PROMPTS = 3;

  static Benchmark run(Path folder, EngineOptions options, int promptTokens, int newTokens)
      throws IOException {
    long start = System.nanoTime();
    int capacity =
        Math.max(promptTokens, Math.addExact(newTokens, SHORT_PROMPT + STEPS_BEFORE_DECODE));
    try (Engine engine = Engine.load(folder, options);
        Session session = engine.newSession(capacity)) {
      double load = millisSince(start);

      int vocabSize = engine.config().vocabSize();
      int[] shortPrompt = prompt(SHORT_PROMPT, vocabSize);
      start = System.nanoTime();
      argmax(session.forward(shortPrompt));
      double firstToken = millisSince(start);
      long javaToFirstToken =
          System.currentTimeMillis() - ManagementFactory.getRuntimeMXBean().getStartTime();

      return new Benchmark(
          engine.description(),
          load,
          firstToken,
          javaToFirstToken,
          promptRate(session, prompt(promptTokens, vocabSize)),
          decodeRate(session, shortPrompt, newTokens),
          bytesReadPerToken(folder, engine.config().tieWordEmbeddings()));
    }
  }

  private static double promptRate(Session session, int[] prompt) {
    double[] rates = new double[PROMPTS];
    for (int i = 0; i < rates.length; i++) {
      session.truncate(0);
      long start = System.nanoTime();
      session.forward(prompt);
      rates[i] = prompt.length / millisSince(start) * 1000;
    }
    Arrays.sort(rates);
    return rates[rates.length / 2];
  }

  private static double decodeRate(Session session, int[] prompt, int newTokens) {
    session.truncate(0);
    int tokenId = argmax(session.forward(prompt));
    for (int i = 0; i < STEPS_BEFORE_DECODE; i++) {
      tokenId = argmax(session.forward(tokenId));
    }
    long start = System.nanoTime();
    for (int i = 0; i < newTokens; i++) {
      tokenId = argmax(session.forward(tokenId));
    }
    return newTokens / millisSince(start) * 1000;
  }

  /** All weights but an embedding table that is not the LM head too: of that, a row. */
  private static long bytesReadPerToken(Path folder, boolean tied) throws IOException {
    String leftOut = tied ? "lm_head.weight" : "embed_tokens.weight";
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
