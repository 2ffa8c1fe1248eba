package io.github.nextclass.sampling;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * A classifier that computes its scores from the prefix by a function, and remembers how it was
 * asked.
 */
final class FakeClassifier implements BranchingClassifier {
  private final int classes;
  private final int capacity;
  private final Function<List<Integer>, float[]> scores;
  private final List<Integer> prefix = new ArrayList<>();
  private final List<Integer> pieceLengths = new ArrayList<>();
  private int questions;
  private int open = 1;
  private FakeClassifier trunk = this;

  FakeClassifier(int classes, int capacity, Function<List<Integer>, float[]> scores) {
    this.classes = classes;
    this.capacity = capacity;
    this.scores = scores;
  }

  /** Always the same scores. */
  static FakeClassifier constant(float... scores) {
    return new FakeClassifier(scores.length, 1000, prefix -> scores.clone());
  }

  /** After token i the best class is i + 1, around in a circle. */
  static FakeClassifier counting(int classes) {
    return new FakeClassifier(
        classes,
        1000,
        prefix -> {
          float[] scores = new float[classes];
          scores[(prefix.getLast() + 1) % classes] = 5;
          return scores;
        });
  }

  /** Says the given tokens one after the other, whatever is asked. */
  static FakeClassifier saying(int classes, int promptLength, int... tokenIds) {
    return new FakeClassifier(
        classes,
        1000,
        prefix -> {
          float[] scores = new float[classes];
          scores[tokenIds[Math.min(prefix.size() - promptLength, tokenIds.length - 1)]] = 9;
          return scores;
        });
  }

  /** Scores that look random and follow from the prefix. */
  static FakeClassifier random(int classes) {
    return new FakeClassifier(
        classes, 1000, prefix -> GoldenScores.make("bell", prefix.hashCode(), classes));
  }

  @Override
  public int classes() {
    return classes;
  }

  @Override
  public int position() {
    return prefix.size();
  }

  @Override
  public int capacity() {
    return capacity;
  }

  @Override
  public float[] classify(int... tokenIds) {
    questions++;
    append(tokenIds);
    return scores.apply(prefix);
  }

  @Override
  public void read(int... tokenIds) {
    append(tokenIds);
  }

  private void append(int... tokenIds) {
    pieceLengths.add(tokenIds.length);
    for (int tokenId : tokenIds) {
      prefix.add(tokenId);
    }
    if (prefix.size() > capacity) {
      throw new AssertionError("asked to read more than its capacity");
    }
  }

  /** Asked as one question, so that questions can be counted. */
  @Override
  public float[][] classifyEach(int... tokenIds) {
    questions++;
    float[][] each = new float[tokenIds.length][];
    for (int i = 0; i < tokenIds.length; i++) {
      append(tokenIds[i]);
      each[i] = scores.apply(prefix);
    }
    return each;
  }

  @Override
  public void truncate(int length) {
    prefix.subList(length, prefix.size()).clear();
  }

  @Override
  public FakeClassifier fork() {
    FakeClassifier branch = new FakeClassifier(classes, capacity, scores);
    branch.prefix.addAll(prefix);
    branch.trunk = trunk;
    trunk.open++;
    return branch;
  }

  @Override
  public void close() {
    trunk.open--;
  }

  /** How many of this one and its branches are not closed. */
  int open() {
    return open;
  }

  List<Integer> prefix() {
    return prefix;
  }

  List<Integer> pieceLengths() {
    return pieceLengths;
  }

  int questions() {
    return questions;
  }
}
