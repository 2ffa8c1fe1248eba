package io.github.nextclass.docs.book;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/** The strategies of chapter 6 in plain loops, over scores or over probabilities of all classes. */
public final class PlainDecoding {
  private PlainDecoding() {}

  /**
   * The best class.
   *
   * @param scores a score for each class
   * @return the class of the highest
   */
  // @start region=argmax
  public static int argmax(float[] scores) {
    int best = 0;
    for (int i = 1; i < scores.length; i++) {
      if (scores[i] > scores[best]) {
        best = i;
      }
    }
    return best;
  }

  // @end

  /**
   * A class drawn by its probability.
   *
   * @param probs a probability for each class
   * @param random where chance comes from
   * @return the class
   */
  // @start region=draw
  public static int draw(float[] probs, RandomGenerator random) {
    double ball = random.nextDouble(); // where on a wheel with a slice for each class it stops
    double upTo = 0;
    for (int i = 0; i < probs.length; i++) {
      upTo += probs[i];
      if (ball < upTo) {
        return i;
      }
    }
    return argmax(probs); // rounding: the slices may add up to a little less than 1
  }

  // @end

  /**
   * Scores for another temperature.
   *
   * @param scores a score for each class
   * @param temperature above 0
   * @return the probabilities
   */
  // @start region=temperature
  public static float[] temperature(float[] scores, double temperature) {
    float[] scaled = new float[scores.length];
    for (int i = 0; i < scores.length; i++) {
      scaled[i] = (float) (scores[i] / temperature);
    }
    return PlainQwen3.softmax(scaled);
  }

  // @end

  /**
   * Keeps the best classes.
   *
   * @param probs a probability for each class
   * @param k how many
   * @return their probabilities, 0 for all others
   */
  // @start region=topK
  public static float[] topK(float[] probs, int k) {
    float[] sorted = probs.clone();
    Arrays.sort(sorted);
    return keepFrom(probs, sorted[sorted.length - k]);
  }

  // @end

  /**
   * Keeps the smallest set of best classes that has a mass together.
   *
   * @param probs a probability for each class
   * @param p the mass
   * @return their probabilities, 0 for all others
   */
  // @start region=topP
  public static float[] topP(float[] probs, double p) {
    float[] sorted = probs.clone();
    Arrays.sort(sorted);
    double mass = 0;
    int at = sorted.length;
    while (mass < p && at > 0) {
      mass += sorted[--at];
    }
    return keepFrom(probs, sorted[at]);
  }

  // @end

  /**
   * Keeps classes that are not much worse than the best.
   *
   * @param probs a probability for each class
   * @param minP the share of the best probability
   * @return their probabilities, 0 for all others
   */
  // @start region=minP
  public static float[] minP(float[] probs, double minP) {
    return keepFrom(probs, (float) (minP * probs[argmax(probs)]));
  }

  // @end

  // @start region=keepFrom
  private static float[] keepFrom(float[] probs, float threshold) {
    float[] kept = new float[probs.length];
    double sum = 0;
    for (int i = 0; i < probs.length; i++) {
      if (probs[i] >= threshold) {
        kept[i] = probs[i];
        sum += probs[i];
      }
    }
    for (int i = 0; i < kept.length; i++) {
      kept[i] /= (float) sum; // what is left is shared out anew
    }
    return kept;
  }

  // @end

  /**
   * The most probable classes.
   *
   * @param probs a probability for each class
   * @param count how many
   * @return their ids, best first
   */
  public static int[] best(float[] probs, int count) {
    return IntStream.range(0, probs.length)
        .boxed()
        .sorted(Comparator.comparingDouble(i -> -probs[i]))
        .limit(count)
        .mapToInt(Integer::intValue)
        .toArray();
  }

  /**
   * The score of a class in contrastive search.
   *
   * @param prob its probability
   * @param vector the vector that its token would have, once appended
   * @param before the vectors of the tokens that are there
   * @param penaltyAlpha how much being alike costs
   * @return the score; the best one is chosen
   */
  // @start region=contrastive
  public static double contrastive(
      double prob, float[] vector, List<float[]> before, double penaltyAlpha) {
    double mostAlike = -1;
    for (float[] other : before) {
      mostAlike = Math.max(mostAlike, cosine(vector, other));
    }
    return (1 - penaltyAlpha) * prob - penaltyAlpha * mostAlike;
  }

  // @end

  private static double cosine(float[] a, float[] b) {
    double dot = 0;
    double aa = 0;
    double bb = 0;
    for (int i = 0; i < a.length; i++) {
      dot += a[i] * b[i];
      aa += a[i] * a[i];
      bb += b[i] * b[i];
    }
    return dot / Math.sqrt(aa * bb);
  }

  /**
   * A sequence that grows.
   *
   * @param tokens what was appended to the prompt
   * @param logProb the sum of the logarithms of their probabilities
   */
  // @start region=beam
  public record Beam(List<Integer> tokens, double logProb) {
    Beam with(int token, double prob) {
      List<Integer> longer = new ArrayList<>(tokens);
      longer.add(token);
      return new Beam(longer, logProb + Math.log(prob));
    }
  }

  /**
   * Beam search without an end: every beam gets as long.
   *
   * @param classify the probabilities of what follows some tokens
   * @param numBeams how many sequences live
   * @param steps how long they get
   * @return the beams after each step, best first
   */
  public static List<List<Beam>> beamSearch(
      Function<List<Integer>, float[]> classify, int numBeams, int steps) {
    List<List<Beam>> history = new ArrayList<>();
    List<Beam> beams = List.of(new Beam(List.of(), 0));
    for (int step = 0; step < steps; step++) {
      List<Beam> candidates = new ArrayList<>();
      for (Beam beam : beams) {
        float[] probs = classify.apply(beam.tokens());
        for (int token = 0; token < probs.length; token++) {
          if (probs[token] > 0) {
            candidates.add(beam.with(token, probs[token]));
          }
        }
      }
      candidates.sort(Comparator.comparingDouble(Beam::logProb).reversed());
      beams = candidates.subList(0, numBeams);
      history.add(beams);
    }
    return history;
  }
  // @end
}
