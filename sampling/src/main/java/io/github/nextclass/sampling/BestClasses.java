package io.github.nextclass.sampling;

/**
 * Selects the n best of many scores in one pass: a heap of n indices whose root is the worst of
 * them, so that nearly every score is dismissed by one comparison. Of equal scores the one with the
 * lower index is better.
 */
final class BestClasses {
  private int[] heap = {};
  private int size;

  /**
   * Selects.
   *
   * @param scores the scores; no NaN
   * @param count how many of them count
   * @param n how many to select, at least 1 and at most {@code count}
   */
  void select(float[] scores, int count, int n) {
    if (heap.length < n) {
      heap = new int[n];
    }
    size = 0;
    for (int i = 0; i < n; i++) {
      heap[size++] = i;
    }
    for (int i = n / 2 - 1; i >= 0; i--) {
      siftDown(scores, i);
    }
    float worst = scores[heap[0]];
    for (int i = n; i < count; i++) {
      if (scores[i] > worst) {
        heap[0] = i;
        siftDown(scores, 0);
        worst = scores[heap[0]];
      }
    }
  }

  /** The index of the worst of the selected. */
  int worst() {
    return heap[0];
  }

  /** The selected indices, best first. Ends the selection. */
  int[] drain(float[] scores) {
    int[] best = new int[size];
    while (size > 0) {
      best[size - 1] = heap[0];
      heap[0] = heap[--size];
      siftDown(scores, 0);
    }
    return best;
  }

  private void siftDown(float[] scores, int parent) {
    int moving = heap[parent];
    int hole = parent;
    int child;
    while ((child = 2 * hole + 1) < size) {
      if (child + 1 < size && worse(scores, heap[child + 1], heap[child])) {
        child++;
      }
      if (!worse(scores, heap[child], moving)) {
        break;
      }
      heap[hole] = heap[child];
      hole = child;
    }
    heap[hole] = moving;
  }

  private static boolean worse(float[] scores, int a, int b) {
    return scores[a] < scores[b] || (scores[a] == scores[b] && a > b);
  }
}
