package io.github.nextclass.sampling;

import java.util.ArrayList;
import java.util.List;

/**
 * The best continuations of one beam. Its classification is turned into log-probabilities first,
 * and the filters apply to those, as in transformers:
 *
 * <pre>
 *   logProb(i) = logit(i) - ln(sum of exp(logit))        score = score of the beam + filtered logProb(i)
 *
 *   key(i) = score(i)                        the best are taken
 *   key(i) = score(i) + Gumbel noise         if sampling: they are drawn
 * </pre>
 *
 * <p>The n highest noisy keys are n draws without replacement, in the order of the draws
 * (Gumbel-top-k, Kool et al. 2019): what {@code torch.multinomial} gives to transformers.
 */
final class BeamExtender {
  /** Keeps its draws apart from those of filters. */
  private static final long STREAM = 0x3ac5d8f3b1e97024L;

  private final DecodingSettings settings;
  private final int classes;
  private final int count;
  private final long seed;
  private final Candidates candidates;
  private final Softmax unfiltered = new Softmax();
  private final PredictionRecorder recorder;
  private final BestClasses best = new BestClasses();
  private final float[] logProbs;
  private final float[] keys;

  /**
   * One token more.
   *
   * @param prediction the token, as the best of its beam
   * @param score of the sequence with it
   * @param key by which the best continuations of all beams are found
   */
  record Extension(Prediction prediction, float score, float key) {}

  /**
   * Creates one for a search.
   *
   * @param settings the filters
   * @param classes how many classes there are
   * @param count how many continuations are wanted
   * @param seed of the draws
   */
  BeamExtender(DecodingSettings settings, int classes, int count, long seed) {
    this.settings = settings;
    this.classes = classes;
    this.count = count;
    this.seed = seed;
    this.candidates = new Candidates(classes);
    this.recorder = new PredictionRecorder(settings);
    this.logProbs = new float[classes];
    this.keys = new float[classes];
  }

  /**
   * The best continuations of a beam, best first; fewer than wanted if there are fewer classes
   * left.
   *
   * @param logits what the classifier says of the beam
   * @param history its sequence
   * @param beamScore its score
   * @param draw a number that no other beam of no other step has
   */
  List<Extension> extend(float[] logits, TokenHistory history, float beamScore, long draw) {
    int step = history.generatedLength();
    DecoderChecks.measure(unfiltered, logits, classes, step);
    boolean none = unfiltered.max() == Float.NEGATIVE_INFINITY;
    double logTotal = none ? Double.POSITIVE_INFINITY : StrictMath.log(unfiltered.total());
    for (int i = 0; i < classes; i++) {
      logProbs[i] = (float) (Entropy.depth(logits[i], unfiltered) - logTotal);
    }
    candidates.reset(logProbs);
    recorder.start(logits, unfiltered, candidates);
    // Filters remember the sequence that they saw, and beams change theirs: so they start anew.
    recorder.apply(LogitsFilters.of(settings, classes, seed), candidates, history);
    Softmax filtered = candidates.measure();

    List<Extension> extensions = new ArrayList<>();
    if (candidates.count() == 0) {
      return extensions;
    }
    makeKeys(beamScore, draw);
    best.select(keys, candidates.count(), Math.min(count, candidates.count()));
    for (int index : best.drain(keys)) {
      Prediction prediction =
          recorder.prediction(
              step,
              history.length(),
              candidates.id(index),
              new Choice.Best(),
              candidates,
              filtered);
      extensions.add(
          new Extension(prediction, beamScore + candidates.scores()[index], keys[index]));
    }
    return extensions;
  }

  private void makeKeys(float beamScore, long draw) {
    float[] scores = candidates.scores();
    for (int i = 0; i < candidates.count(); i++) {
      float score = beamScore + scores[i];
      keys[i] =
          settings.sample && score != Float.NEGATIVE_INFINITY
              ? (float) (score + gumbel(draw * classes + candidates.id(i)))
              : score;
    }
  }

  /** A draw from the standard Gumbel distribution: -ln(-ln u). */
  private double gumbel(long number) {
    double u = SplitMix64.uniform(seed ^ STREAM, number);
    return -StrictMath.log(-StrictMath.log(u));
  }
}
