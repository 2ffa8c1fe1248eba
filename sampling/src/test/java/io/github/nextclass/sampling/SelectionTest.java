package io.github.nextclass.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What is selected without sorting is what sorting would select. */
class SelectionTest {
  private static final TokenHistory ANY = new TokenHistory(new int[] {0});

  @Test
  void bestClassesAreTheFirstOfTheSorted() {
    Random random = new Random(2);
    BestClasses best = new BestClasses();
    for (int round = 0; round < 2000; round++) {
      float[] scores = scores(random);
      int n = 1 + random.nextInt(scores.length);
      best.select(scores, scores.length, n);
      List<Integer> expected = descending(scores, false).subList(0, n);
      assertThat(best.worst()).isEqualTo(expected.getLast());
      assertThat(best.drain(scores)).isEqualTo(ints(expected));
    }
  }

  @Test
  void topKKeepsTheFirstOfTheSortedAndTheirEquals() {
    Random random = new Random(3);
    for (int round = 0; round < 2000; round++) {
      float[] scores = scores(random);
      int k = 1 + random.nextInt(scores.length + 2);
      float last = scores[descending(scores, false).get(Math.min(k, scores.length) - 1)];
      int[] expected = IntStream.range(0, scores.length).filter(i -> scores[i] >= last).toArray();
      assertThat(kept(new TopK(k), scores)).isEqualTo(expected);
    }
  }

  @Test
  void topPKeepsTheFirstOfTheSortedUntilTheirSumReachesP() {
    Random random = new Random(4);
    for (int round = 0; round < 5000; round++) {
      float[] scores = scores(random);
      double p =
          random.nextBoolean() ? random.nextDouble(0.001, 0.9999) : random.nextInt(1, 8) / 8.0;
      assertThat(kept(new TopP(p), scores)).isEqualTo(nucleusBySorting(scores, p));
    }
  }

  @Test
  void topPOfALargeVocabulary() {
    for (String kind : List.of("bell", "flat", "ties", "equal", "peaked", "masked")) {
      float[] scores = GoldenScores.make(kind, 5, 151_936);
      assertThat(kept(new TopP(0.9), scores)).isEqualTo(nucleusBySorting(scores, 0.9));
    }
  }

  @Test
  void topPIsNotSlowedDownByAnyOrder() {
    int n = 151_936;
    float[] rising = new float[n];
    float[] falling = new float[n];
    float[] organPipe = new float[n];
    for (int i = 0; i < n; i++) {
      rising[i] = i * 1e-5f;
      falling[i] = -i * 1e-5f;
      organPipe[i] = Math.min(i, n - i) * 1e-5f;
    }
    // A quadratic selection would need minutes here.
    for (float[] scores : List.of(rising, falling, organPipe)) {
      assertThat(kept(new TopP(0.5), scores)).isEqualTo(nucleusBySorting(scores, 0.5));
    }
  }

  @Test
  void ofEqualClassesOnTheBorderTopPKeepsTheHigherIds() {
    assertThat(kept(new TopP(0.5), new float[] {2, 2, 2, 2})).containsExactly(2, 3);
    assertThat(kept(new TopP(0.51), new float[] {2, 2, 2, 2})).containsExactly(1, 2, 3);
    assertThat(kept(new TopP(1e-9), new float[] {2, 2, 2, 2})).containsExactly(3);
  }

  @Test
  void infiniteAndMaskedScores() {
    float inf = Float.POSITIVE_INFINITY;
    float[] scores = {1, inf, -inf, inf, 50};
    assertThat(kept(new TopP(0.9), scores)).containsExactly(1, 3);
    assertThat(kept(new MinP(0.1), scores)).containsExactly(1, 3);
    assertThat(kept(new TopK(3), scores)).containsExactly(1, 3, 4);
    float[] masked = {-inf, -inf};
    assertThat(kept(new TopP(0.9), masked)).isEmpty();
    assertThat(kept(new MinP(0.9), masked)).isEmpty();
  }

  private static int[] kept(LogitsFilter filter, float[] scores) {
    Candidates candidates = new Candidates(scores.length);
    candidates.reset(scores);
    filter.apply(candidates, ANY);
    for (int i = 0; i < candidates.count(); i++) {
      assertThat(candidates.scores()[i]).isEqualTo(scores[candidates.id(i)]);
    }
    return IntStream.range(0, candidates.count()).map(candidates::id).toArray();
  }

  private static int[] nucleusBySorting(float[] scores, double p) {
    float max = Softmax.max(scores, scores.length);
    double[] weights = new double[scores.length];
    double total = 0;
    for (int i = 0; i < scores.length; i++) {
      weights[i] = StrictMath.exp((double) scores[i] - max);
      total += weights[i];
    }
    double before = 0;
    int[] nucleus = new int[scores.length];
    int size = 0;
    for (int id : descending(scores, true)) {
      if (before >= p * total) {
        break;
      }
      nucleus[size++] = id;
      before += weights[id];
    }
    return Arrays.stream(nucleus, 0, size).sorted().toArray();
  }

  private static List<Integer> descending(float[] scores, boolean higherIdFirst) {
    Comparator<Integer> byId = Comparator.naturalOrder();
    return IntStream.range(0, scores.length)
        .boxed()
        .sorted(
            Comparator.comparingDouble((Integer i) -> -scores[i])
                .thenComparing(higherIdFirst ? byId.reversed() : byId))
        .toList();
  }

  private static float[] scores(Random random) {
    float[] scores = new float[1 + random.nextInt(random.nextInt(10) == 0 ? 400 : 20)];
    float scale = new float[] {0.01f, 1, 6, 1000}[random.nextInt(4)];
    boolean ties = random.nextInt(3) == 0;
    for (int i = 0; i < scores.length; i++) {
      scores[i] = ties ? random.nextInt(4) : scale * (float) random.nextGaussian();
    }
    return scores;
  }

  private static int[] ints(List<Integer> list) {
    return list.stream().mapToInt(Integer::intValue).toArray();
  }
}
