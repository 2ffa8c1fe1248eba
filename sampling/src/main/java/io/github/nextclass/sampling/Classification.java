package io.github.nextclass.sampling;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.NoSuchElementException;

/**
 * The class of a text.
 *
 * @param labels all labels, the most probable first, equal ones in the order in which they were
 *     given
 */
public record Classification(List<LabelScore> labels) {
  /** Copies the labels. */
  public Classification {
    labels = List.copyOf(labels);
  }

  static Classification of(List<String> labels, double[] probabilities, double[] scores) {
    List<LabelScore> all = new ArrayList<>();
    for (int i = 0; i < probabilities.length; i++) {
      all.add(new LabelScore(labels.get(i), probabilities[i], scores[i]));
    }
    all.sort(Comparator.comparingDouble(LabelScore::probability).reversed());
    return new Classification(all);
  }

  /**
   * Returns the most probable label.
   *
   * @return the first of {@link #labels()}
   */
  public String label() {
    return labels.getFirst().label();
  }

  /**
   * Returns the probability of the most probable label.
   *
   * @return 0 to 1
   */
  public double probability() {
    return labels.getFirst().probability();
  }

  /**
   * Returns the probability of a label.
   *
   * @param label one of the labels
   * @return 0 to 1
   * @throws NoSuchElementException if it is none of them
   */
  public double probability(String label) {
    return labels.stream()
        .filter(score -> score.label().equals(label))
        .findFirst()
        .orElseThrow(() -> new NoSuchElementException("there is no label " + label))
        .probability();
  }
}
