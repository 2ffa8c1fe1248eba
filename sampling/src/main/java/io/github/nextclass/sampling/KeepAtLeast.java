package io.github.nextclass.sampling;

import java.util.Arrays;

/**
 * A filter that must leave so many classes: where fewer are left, the best of those that were there
 * stay. Several beams need classes to go on with. As {@code min_tokens_to_keep} of transformers,
 * for filters that keep the best.
 */
final class KeepAtLeast implements LogitsFilter {
  private final LogitsFilter filter;
  private final int classes;
  private final BestClasses best = new BestClasses();

  KeepAtLeast(LogitsFilter filter, int classes) {
    this.filter = filter;
    this.classes = classes;
  }

  @Override
  public void apply(Candidates candidates, TokenHistory history) {
    int count = Math.min(classes, candidates.count());
    best.select(candidates.scores(), candidates.count(), count);
    int[] ids =
        Arrays.stream(best.drain(candidates.scores())).map(candidates::id).sorted().toArray();
    float[] scores = new float[count];
    for (int i = 0; i < count; i++) {
      scores[i] = candidates.scoreOf(ids[i]);
    }
    filter.apply(candidates, history);
    if (candidates.count() < count) {
      candidates.restore(ids, scores);
    }
  }
}
