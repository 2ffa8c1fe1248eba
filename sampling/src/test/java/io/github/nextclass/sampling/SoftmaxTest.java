package io.github.nextclass.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

class SoftmaxTest {

  @Test
  void weightsAreTheExponentials() {
    Random random = new Random(1);
    for (int count : new int[] {1, 2, 3, 5, 511, 512, 513, 1027, 5000}) {
      float[] scores = new float[count];
      for (int i = 0; i < count; i++) {
        scores[i] = random.nextFloat(-750, 30);
      }
      double[] weights = new double[count];
      Softmax softmax = new Softmax();
      softmax.weigh(scores, count, weights);

      double total = 0;
      for (int i = 0; i < count; i++) {
        double x = (double) scores[i] - softmax.max();
        double expected = x < -708.4 ? weights[i] : StrictMath.exp(x);
        assertThat(weights[i]).isCloseTo(expected, within(1e-14 * expected));
        assertThat(weights[i]).isBetween(0.0, x < -708.4 ? 1e-307 : 1.0);
        total += weights[i];
      }
      assertThat(softmax.total()).isCloseTo(total, within(1e-13 * total));
      assertThat(softmax.probability(scores[0])).isEqualTo(weights[0] / softmax.total());
      softmax.measure(scores, count);
      assertThat(softmax.probability(scores[0])).isEqualTo(weights[0] / softmax.total());
    }
  }

  @Test
  void everyDistanceFromTheMaximumIsAccurate() {
    Softmax softmax = new Softmax();
    float[] scores = new float[2];
    double[] weights = new double[2];
    for (double x = 0; x > -708; x -= 0.0137) {
      scores[1] = (float) x;
      softmax.weigh(scores, 2, weights);
      double expected = StrictMath.exp(scores[1]);
      assertThat(weights[1]).isCloseTo(expected, within(1e-14 * expected));
    }
  }

  @Test
  void theMaximumWeighsOneAndTheHopelessNothing() {
    float[] scores = {3, -2000, Float.NEGATIVE_INFINITY, -Float.MAX_VALUE, 3};
    double[] weights = new double[5];
    Softmax softmax = new Softmax();
    softmax.weigh(scores, 5, weights);
    assertThat(weights).containsExactly(1, 0, 0, 0, 1);
    assertThat(softmax.probability(Float.NEGATIVE_INFINITY)).isZero();
  }

  @Test
  void infiniteScoresShareTheProbability() {
    float[] scores = {3, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY};
    Softmax softmax = new Softmax();
    softmax.measure(scores, 4);
    assertThat(softmax.probability(scores[1])).isEqualTo(0.5);
    assertThat(softmax.probability(scores[0])).isZero();
  }

  @Test
  void theTotalIsNotANumberIfAScoreIsNot() {
    for (float other :
        new float[] {1, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NaN}) {
      for (int at : new int[] {0, 3, 600}) {
        float[] scores = new float[601];
        java.util.Arrays.fill(scores, other);
        scores[at] = Float.NaN;
        Softmax softmax = new Softmax();
        softmax.measure(scores, scores.length);
        assertThat(softmax.total()).isNaN();
      }
    }
  }

  /** The bits are part of the promise that a seed gives the same tokens everywhere. */
  @Test
  void bitsAreFixed() {
    float[] scores = {0, -0.1f, -1, -3.7f, -12.5f, -100, -700.25f};
    double[] weights = new double[scores.length];
    new Softmax().weigh(scores, scores.length, weights);
    long hash = 0;
    for (double weight : weights) {
      hash = 31 * hash + Double.doubleToRawLongBits(weight);
    }
    assertThat(Long.toHexString(hash)).isEqualTo("22bd9a604a3c4e55");
  }
}
