package io.github.nextclass.sampling;

import io.github.nextclass.engine.Engine;
import io.github.nextclass.engine.Session;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How likely given texts are. All positions of a text are one pass, in parallel: the classes are
 * known beforehand, only their probabilities are asked for.
 *
 * <p>The probabilities are over all rows of the LM head, padding rows included, as in transformers.
 * Thread-safe, and usable until the model is closed.
 */
public final class TextScorer {
  private final Engine engine;
  private final @Nullable TextEncoding encoding;
  private final int contextLength;

  TextScorer(Engine engine, @Nullable TextEncoding encoding, int contextLength) {
    this.engine = engine;
    this.encoding = encoding;
    this.contextLength = contextLength;
    engine.lmHead(); // missed now rather than at the first text
  }

  /**
   * Scores a text. Its first token has nothing before it and is not scored.
   *
   * @param text the text; no control token is recognised in it
   * @return the scores of all tokens but the first
   * @throws IllegalArgumentException if it has less than two tokens, or does not fit the context
   * @throws IllegalStateException if there is no tokenizer
   */
  public TextScore score(String text) {
    int[] tokenIds = encode(text);
    if (tokenIds.length < 2) {
      throw new IllegalArgumentException(
          tokenIds.length == 0
              ? "the text is empty"
              : "the text is one token, expected two or more: the first has nothing before it");
    }
    return score(tokenIds, 1);
  }

  /**
   * Scores a continuation. The two are tokenized apart, so give the blank between them to the
   * continuation.
   *
   * @param prefix what comes before
   * @param continuation what is scored
   * @return the scores of the tokens of the continuation
   * @throws IllegalArgumentException if one of them has no tokens, or they do not fit the context
   * @throws IllegalStateException if there is no tokenizer
   */
  public TextScore score(String prefix, String continuation) {
    int[] before = encode(prefix);
    int[] behind = encode(continuation);
    if (before.length == 0 || behind.length == 0) {
      throw new IllegalArgumentException(
          (before.length == 0 ? "the prefix" : "the continuation") + " is empty");
    }
    return score(TextEncoding.concat(before, behind), before.length);
  }

  /**
   * Scores tokens.
   *
   * @param tokenIds the sequence
   * @param from the first position to score, from 1
   * @return the scores from there on
   * @throws IllegalArgumentException if there is nothing to score, an id is out of range, or the
   *     sequence does not fit the context
   */
  public TextScore score(int[] tokenIds, int from) {
    if (from < 1 || from >= tokenIds.length) {
      throw new IllegalArgumentException(
          "from is %d, expected 1 to the last of %d tokens".formatted(from, tokenIds.length));
    }
    if (tokenIds.length > contextLength) {
      throw new IllegalArgumentException(
          "the text is too long: %d tokens, the context holds %d"
              .formatted(tokenIds.length, contextLength));
    }
    int last = tokenIds.length - 1;
    int lastId = tokenIds[last];
    int classes = engine.lmHead().size();
    if (lastId < 0 || lastId >= classes) { // the others are checked when they are read
      throw new IllegalArgumentException(
          "token id "
              + lastId
              + " at index "
              + last
              + " is out of range, expected 0 to "
              + (classes - 1));
    }
    List<TokenScore> scores = new ArrayList<>();
    LogProbability logProbability = new LogProbability();
    try (Session session = engine.newSession(last)) {
      if (from > 1) {
        session.append(Arrays.copyOf(tokenIds, from - 1));
      }
      session.forward(
          Arrays.copyOfRange(tokenIds, from - 1, last),
          (position, logits) -> {
            logProbability.measure(logits, position);
            int next = tokenIds[position + 1];
            scores.add(new TokenScore(position + 1, next, logProbability.of(next)));
          });
    }
    return new TextScore(scores);
  }

  private int[] encode(String text) {
    if (encoding == null) {
      throw new IllegalStateException("there is no tokenizer, so only token ids can be scored");
    }
    return encoding.encode(text);
  }
}
