package io.github.nextclass.sampling;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Greedy decoding with a model that is far away: on a device, which is asked for several steps at
 * once and answers with the classes chosen, where otherwise all scores of each step come back.
 *
 * <pre>
 *   asked            prompt    1 step    2 steps      4 steps              at most 16
 *   answered         scores    a         b   c        d   e   f   g
 *   taken one by one           a         b   c        d   e   -----        the end: what is behind it was in vain
 * </pre>
 *
 * <p>The number of steps doubles, so that the first token comes soon and at most as many steps are
 * in vain as were not. To who asks it is a classifier whose prefix ends where they are; the model
 * has read on.
 */
final class GreedyAhead implements TokenClassifier {
  private static final int MOST_STEPS = 16;

  /** What is asked: a classifier that chooses by itself. */
  interface Model extends BranchingClassifier {
    /** Whether that pays. */
    boolean runsAhead();

    /**
     * Appends tokens, chooses the class with the greatest score, appends its token, and so on.
     *
     * @return what was chosen; all but the last are appended
     * @throws ArithmeticException if a score is not a number
     */
    List<ClassScore> best(int[] tokenIds, int steps);
  }

  private final Model model;
  private final Deque<ClassScore> answers = new ArrayDeque<>();

  /** The prefix as who asks knows it. */
  private int length;

  private int lastAnswer = -1;
  private int steps = 1;
  private boolean isPlain;

  GreedyAhead(Model model) {
    this.model = model;
    this.length = model.position();
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
  public float[] classify(int... tokenIds) {
    takeBack();
    try {
      return model.classify(tokenIds);
    } finally {
      length = model.position();
    }
  }

  @Override
  public void read(int... tokenIds) {
    takeBack();
    try {
      model.read(tokenIds);
    } finally {
      length = model.position(); // fewer than all, if it was interrupted
    }
  }

  /**
   * Appends tokens to the prefix and tells its best class.
   *
   * @param tokenIds the tokens
   * @param most how many classes can still be asked for after them, this one included
   * @return null if somebody has to look at the scores, which {@link #classify} gives: they are
   *     those of a prompt, or not all numbers; then nothing was appended
   */
  @Nullable ClassScore best(int[] tokenIds, int most) {
    if (tokenIds.length == 1 && tokenIds[0] == lastAnswer && !answers.isEmpty()) {
      length++;
      return answered();
    }
    takeBack();
    if (isPlain || tokenIds.length > 1) {
      return null; // of a prompt the scores come from the pass that has read it
    }
    int room = model.capacity() - length - tokenIds.length + 1;
    int asked = Math.min(Math.min(steps, most), room);
    if (!ask(tokenIds, asked)) {
      isPlain = true;
      takeBack();
      return null;
    }
    steps = Math.min(2 * steps, MOST_STEPS);
    length += tokenIds.length;
    return answered();
  }

  /** False if a score is not a number, or the best one is infinite. */
  private boolean ask(int[] tokenIds, int asked) {
    try {
      answers.addAll(model.best(tokenIds, asked));
    } catch (ArithmeticException e) {
      return false;
    }
    return answers.stream().allMatch(best -> Float.isFinite(best.logit()));
  }

  private ClassScore answered() {
    ClassScore best = answers.remove();
    lastAnswer = best.tokenId();
    return best;
  }

  /** Also after a call that failed on its way. */
  private void takeBack() {
    answers.clear();
    lastAnswer = -1;
    if (model.position() > length) {
      model.truncate(length);
    }
  }
}
