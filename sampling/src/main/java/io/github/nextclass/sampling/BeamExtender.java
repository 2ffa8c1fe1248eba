package io.github.nextclass.sampling;

import java.util.ArrayList;
import java.util.List;

/**
 * The best continuations of one beam. Its classification is turned into log-probabilities first,
 * and the filters apply to those, as in transformers:
 *
 * <pre>
 *   logProb(i) = logit(i) - ln(sum of exp(logit))        score = score of the beam + filtered logProb(i)
 * </pre>
 */
final class BeamExtender {
  private final DecodingSettings settings;
  private final int classes;
  private final int count;
  private final Candidates candidates;
  private final Softmax unfiltered = new Softmax();
  private final BestClasses best = new BestClasses();
  private final float[] logProbs;

  /** One token more, and the score of the sequence with it. */
  record Extension(Prediction prediction, float score) {}

  /**
   * Creates one for a search.
   *
   * @param settings the filters
   * @param classes how many classes there are
   * @param count how many continuations are wanted
   */
  BeamExtender(DecodingSettings settings, int classes, int count) {
    this.settings = settings;
    this.classes = classes;
    this.count = count;
    this.candidates = new Candidates(classes);
    this.logProbs = new float[classes];
  }

  /** The best continuations, best first; fewer than wanted if there are fewer classes left. */
  List<Extension> extend(float[] logits, TokenHistory history, float beamScore, int step) {
    DecoderChecks.measure(unfiltered, logits, classes, step);
    boolean none = unfiltered.max() == Float.NEGATIVE_INFINITY;
    double logTotal = none ? Double.POSITIVE_INFINITY : StrictMath.log(unfiltered.total());
    for (int i = 0; i < classes; i++) {
      logProbs[i] = (float) (Entropy.depth(logits[i], unfiltered) - logTotal);
    }
    candidates.reset(logProbs);
    int[] top = topClasses();
    // Filters remember the sequence that they saw, and beams change theirs: so they start anew.
    for (LogitsFilter filter : LogitsFilters.of(settings, classes, 0)) {
      filter.apply(candidates, history);
    }
    Softmax filtered = candidates.measure();
    List<ClassScore> topScores = new ArrayList<>(top.length);
    for (int id : top) {
      topScores.add(classScore(id, logits, filtered));
    }

    List<Extension> extensions = new ArrayList<>();
    if (candidates.count() == 0) {
      return extensions;
    }
    best.select(candidates.scores(), candidates.count(), Math.min(count, candidates.count()));
    for (int index : best.drain(candidates.scores())) {
      Prediction prediction =
          new Prediction(
              step,
              history.length(),
              classScore(candidates.id(index), logits, filtered),
              topScores);
      extensions.add(new Extension(prediction, beamScore + candidates.scores()[index]));
    }
    return extensions;
  }

  private int[] topClasses() {
    int wanted = Math.min(settings.topClasses, classes);
    if (wanted == 0) {
      return new int[0];
    }
    best.select(candidates.scores(), classes, wanted);
    return best.drain(candidates.scores());
  }

  private ClassScore classScore(int id, float[] logits, Softmax filtered) {
    float filteredLogit = candidates.scoreOf(id);
    return new ClassScore(
        id,
        logits[id],
        unfiltered.probability(logits[id]),
        filteredLogit,
        filtered.probability(filteredLogit));
  }
}
