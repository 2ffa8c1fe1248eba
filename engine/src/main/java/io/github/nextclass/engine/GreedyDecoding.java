package io.github.nextclass.engine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CancellationException;

/**
 * Greedy decoding inside the engine: the class with the greatest score, appended, again and again,
 * and nothing of it read by anybody before several steps are made.
 */
final class GreedyDecoding {
  private final Passes passes;
  private final LmHead head;
  private final int classes;

  /** Decodes with the first of the classes of a head. */
  GreedyDecoding(Passes passes, LmHead head, int classes) {
    this.passes = passes;
    this.head = head;
    this.classes = classes;
  }

  /**
   * Fills {@code chosen}, see {@link Engine#greedyTogether}; the caller has entered the sessions.
   */
  void decode(List<Session> batch, List<int[]> tokenIds, BestClass[][] chosen) {
    int count = chosen[0].length;
    for (int i = 0; i < batch.size(); i++) {
      passes.checkTokens(batch.get(i), tokenIds.get(i), count - 1);
    }
    int[] last = readAllButTheLast(batch, tokenIds);
    for (int done = 0; done < count; ) {
      if (Thread.currentThread().isInterrupted()) {
        throw new CancellationException("interrupted after " + done + " of " + count + " steps");
      }
      int steps = Math.min(Activations.CHOSEN_COLUMNS, count - done);
      BestClass[][] some = passes.choose(batch, last, steps, head, classes);
      for (int i = 0; i < last.length; i++) {
        System.arraycopy(some[i], 0, chosen[i], done, steps);
        last[i] = some[i][steps - 1].tokenId();
      }
      done += steps;
    }
  }

  private int[] readAllButTheLast(List<Session> batch, List<int[]> tokenIds) {
    List<Session> sessions = new ArrayList<>();
    List<int[]> prompts = new ArrayList<>();
    int[] last = new int[batch.size()];
    for (int i = 0; i < last.length; i++) {
      int[] ids = tokenIds.get(i);
      last[i] = ids[ids.length - 1];
      if (ids.length > 1) {
        sessions.add(batch.get(i));
        prompts.add(Arrays.copyOf(ids, ids.length - 1));
      }
    }
    if (!sessions.isEmpty()) {
      passes.run(
          sessions, prompts, Passes.Wanted.LAST, null, (sequence, position, result) -> {}, null);
    }
    return last;
  }
}
