package io.github.nextclass.sampling;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Contrastive search: chooses a class by looking one step ahead, and has the answer to the next
 * question when it is asked.
 *
 * <pre>
 *   choose     a b c          branches, one pass     a b c d     scores and vector of each
 *                                                    a b c e  *  the best by probability and unlikeness
 *                                                    a b c f
 *   the model goes on as the branch of e; the others are closed
 *   next asked after "e"      the answer is there already
 * </pre>
 *
 * <p>It needs the vector of every token of the prefix. What the model had read before is forgotten
 * and read again.
 */
final class ContrastiveClassifier implements TokenClassifier, Chooser {
  private final VectorClassifier model;
  private final ContrastiveSearch settings;
  private final BestClasses best = new BestClasses();

  /** One for each token of the prefix as who asks knows it; the model may be one token ahead. */
  private final List<float[]> vectors = new ArrayList<>();

  private @Nullable Ahead ahead;

  /** A token that the model has read already, and what it said then. */
  private record Ahead(int tokenId, VectorClassifier.Answer answer) {}

  ContrastiveClassifier(VectorClassifier model, ContrastiveSearch settings) {
    this.model = model;
    this.settings = settings;
    model.truncate(0);
  }

  @Override
  public int classes() {
    return model.classes();
  }

  @Override
  public int position() {
    return vectors.size();
  }

  @Override
  public int capacity() {
    return model.capacity();
  }

  @Override
  public void read(int... tokenIds) {
    takeBack();
    vectors.addAll(List.of(model.readVectors(tokenIds)));
  }

  @Override
  public float[] classify(int... tokenIds) {
    if (ahead != null && tokenIds.length == 1 && ahead.tokenId == tokenIds[0]) {
      return append(ahead.answer);
    }
    takeBack();
    int last = tokenIds.length - 1;
    if (last > 0) {
      read(Arrays.copyOf(tokenIds, last));
    }
    return append(model.answerTogether(List.of(model), tokenIds[last]).getFirst());
  }

  private float[] append(VectorClassifier.Answer answer) {
    ahead = null;
    vectors.add(answer.vector());
    return answer.scores();
  }

  /** Back to the prefix as who asks knows it: also after a call that failed on its way. */
  private void takeBack() {
    ahead = null;
    if (model.position() > vectors.size()) {
      model.truncate(vectors.size());
    }
  }

  @Override
  public Chosen choose(Candidates candidates, int step) {
    candidates.weigh();
    int[] indices = mostProbable(candidates);
    if (model.position() == model.capacity()) {
      return new Chosen(indices[0], new Choice.Best()); // no room to look ahead
    }
    List<BranchingClassifier> branches = new ArrayList<>();
    try {
      int[] tokenIds = new int[indices.length];
      for (int i = 0; i < indices.length; i++) {
        tokenIds[i] = candidates.id(indices[i]);
        branches.add(i == 0 ? model : model.fork());
      }
      List<VectorClassifier.Answer> answers = model.answerTogether(branches, tokenIds);
      int winner = 0;
      Choice.Contrastive[] choices = new Choice.Contrastive[indices.length];
      for (int i = 0; i < indices.length; i++) {
        choices[i] = rank(probability(candidates, indices[i]), answers.get(i).vector());
        winner = choices[i].score() > choices[winner].score() ? i : winner;
      }
      if (winner > 0) {
        model.adopt(branches.get(winner));
      }
      ahead = new Ahead(tokenIds[winner], answers.get(winner));
      return new Chosen(indices[winner], choices[winner]);
    } catch (RuntimeException | Error e) {
      vectors.removeLast(); // so that the question before the choice is asked again
      throw e;
    } finally {
      branches.stream().skip(1).forEach(BranchingClassifier::close);
    }
  }

  /** The indices of the most probable classes, best first; none that cannot be chosen. */
  private int[] mostProbable(Candidates candidates) {
    best.select(
        candidates.scores(), candidates.count(), Math.min(settings.topK(), candidates.count()));
    int[] indices = best.drain(candidates.scores());
    double[] weights = candidates.weights();
    int[] possible = Arrays.stream(indices).filter(i -> weights[i] > 0).toArray();
    return possible.length > 0 ? possible : Arrays.copyOf(indices, 1);
  }

  private static double probability(Candidates candidates, int index) {
    return candidates.weights()[index] / candidates.softmax().total();
  }

  private Choice.Contrastive rank(double probability, float[] vector) {
    double similarity = Double.NEGATIVE_INFINITY;
    for (float[] before : vectors) {
      similarity = Math.max(similarity, dot(before, vector));
    }
    double alpha = settings.penaltyAlpha();
    return new Choice.Contrastive(
        probability, similarity, (1 - alpha) * probability - alpha * similarity);
  }

  private static double dot(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return sum;
  }
}
