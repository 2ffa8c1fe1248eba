package io.github.nextclass.sampling;

import java.util.Arrays;

/**
 * A classifier that is ready for the next questions. Together with a token it shows the model the
 * tokens that followed the last time the same words stood in the sequence, and keeps the answers:
 *
 * <pre>
 *   sequence     the cat sat on the mat . then the cat        asked: what comes after "cat"?
 *   guess                                          sat on the mat .
 *   one pass                                   cat sat on the mat .     scores after each of the six
 *
 *   next asked after "sat"     as guessed      the answer is there already
 *   next asked after "down"    not as guessed  the guess is taken back, and the model is asked
 * </pre>
 *
 * <p>Who asks gets the scores that the model gives for the prefix, whether it was guessed or not.
 * So the tokens, greedy or drawn, are those of plain decoding, and filters, stop rules and streams
 * know nothing of it. A pass over a few tokens costs little more than one over a single token
 * because it reads the same weights; that is the gain where a text repeats itself.
 *
 * <p>The guess is that of transformers' {@code PromptLookupCandidateGenerator}: the longest end of
 * the sequence, at most {@code maxNgram} tokens, that stands in it before, and of several places
 * the first. (Saxena 2023, prompt-lookup-decoding; the idea of checking a guess in one pass is
 * speculative decoding, Leviathan et al. 2022.)
 */
final class PromptLookupClassifier implements TokenClassifier {
  private final BranchingClassifier model;
  private final PromptLookup settings;

  /** The prefix as who asks knows it. The model may have read a guess beyond it. */
  private int[] prefix;

  private int length;

  /** The guess that the model has read behind the prefix, and the scores after its tokens. */
  private int[] guess = {};

  private float[][] answers = {};

  /**
   * Begins where the model stands.
   *
   * @param model what is asked
   * @param prefix what it has read
   * @param settings how much to guess
   */
  PromptLookupClassifier(BranchingClassifier model, int[] prefix, PromptLookup settings) {
    this.model = model;
    this.prefix = prefix.clone();
    this.length = prefix.length;
    this.settings = settings;
  }

  @Override
  public int classes() {
    return model.classes();
  }

  @Override
  public int position() {
    return length;
  }

  @Override
  public int capacity() {
    return model.capacity();
  }

  @Override
  public int pieceLength() {
    return model.pieceLength();
  }

  @Override
  public void read(int... tokenIds) {
    takeGuessBack();
    try {
      model.read(tokenIds);
    } finally {
      append(tokenIds, model.position() - length); // fewer than all, if it was interrupted
    }
  }

  @Override
  public float[] classify(int... tokenIds) {
    if (tokenIds.length > 1) {
      return classifyPrompt(tokenIds);
    }
    if (guess.length > 0 && guess[0] == tokenIds[0]) {
      append(tokenIds, 1);
      float[] answer = answers[0];
      guess = Arrays.copyOfRange(guess, 1, guess.length);
      answers = Arrays.copyOfRange(answers, 1, answers.length);
      return answer;
    }
    takeGuessBack();
    return classifyWithGuess(tokenIds[0]);
  }

  /** Scores after each token of a prompt would cost more than a guess can gain. */
  private float[] classifyPrompt(int... tokenIds) {
    takeGuessBack();
    try {
      return model.classify(tokenIds);
    } finally {
      append(tokenIds, model.position() - length);
    }
  }

  private float[] classifyWithGuess(int tokenId) {
    append(new int[] {tokenId}, 1);
    int[] guessed = guess();
    int[] asked = new int[guessed.length + 1];
    asked[0] = tokenId;
    System.arraycopy(guessed, 0, asked, 1, guessed.length);
    float[][] scores;
    try {
      scores = model.classifyEach(asked);
    } catch (RuntimeException | Error e) {
      length--; // as if it had not been asked; what the model did read is taken back next time
      throw e;
    }
    guess = guessed;
    answers = Arrays.copyOfRange(scores, 1, scores.length);
    return scores[0];
  }

  private void takeGuessBack() {
    guess = new int[0];
    answers = new float[0][];
    if (model.position() > length) {
      model.truncate(length);
    }
  }

  /** What followed the first place where the end of the prefix stood before. */
  private int[] guess() {
    int room = Math.min(settings.numTokens(), model.capacity() - length);
    for (int size = Math.min(settings.maxNgram(), length - 1); size > 0 && room > 0; size--) {
      int end = length - size;
      for (int start = 0; start < end; start++) {
        if (Arrays.equals(prefix, start, start + size, prefix, end, length)) {
          int from = start + size;
          return Arrays.copyOfRange(prefix, from, Math.min(from + room, length));
        }
      }
    }
    return new int[0];
  }

  private void append(int[] tokenIds, int count) {
    if (length + count > prefix.length) {
      prefix = Arrays.copyOf(prefix, Math.max(length + count, 2 * prefix.length));
    }
    System.arraycopy(tokenIds, 0, prefix, length, count);
    length += count;
  }
}
