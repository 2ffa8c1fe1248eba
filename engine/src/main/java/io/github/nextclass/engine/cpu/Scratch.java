package io.github.nextclass.engine.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Working memory of one thread, kept between operations and grown when one needs more. */
final class Scratch {
  private final List<Queries> queries = new ArrayList<>();
  private float[] panel = new float[0];
  private float[][] turned = new float[0][0];
  private float[][] laneSums = new float[0][0];
  private float[][] terms = new float[0][0];
  private int[] ints = new int[0];
  private float[] staging = new float[0];
  private float[] work = new float[0];
  private MemorySegment kvPanel = MemorySegment.NULL;
  private float[] kvScales = new float[0];
  private float[] sums = new float[0];
  private float[] scores = new float[0];

  /** Weights of a few rows, widened to floats. */
  float[] panel(int length) {
    panel = atLeast(length, panel);
    return panel;
  }

  /** The query heads of some kv heads of a piece of attention. */
  List<Queries> queries(int kvHeads) {
    while (queries.size() < kvHeads) {
      queries.add(new Queries());
    }
    return queries.subList(0, kvHeads);
  }

  /** Rows of a weight on their way into a panel. */
  float[] staging(int length) {
    staging = atLeast(length, staging);
    return staging;
  }

  /** A square of a panel, turned. */
  float[] work(int length) {
    work = atLeast(length, work);
    return work;
  }

  /** Keys or values of a block, widened to floats. */
  MemorySegment kvPanel(long bytes) {
    if (kvPanel.byteSize() < bytes) {
      kvPanel = Arena.ofAuto().allocate(bytes, 64);
    }
    return kvPanel;
  }

  /** Scales of keys or values of a block. */
  float[] kvScales(int length) {
    kvScales = atLeast(length, kvScales);
    return kvScales;
  }

  /** Weights of a few rows, turned: {@code [k][row]}. */
  float[][] turned(int columns, int rows) {
    turned = turned.length < columns ? new float[columns][rows] : turned;
    return turned;
  }

  /** A block of keys or values, {@code [term][lane]}. */
  float[][] terms(int terms, int lanes) {
    if (this.terms.length < terms || this.terms[0].length < lanes) {
      this.terms = new float[terms][lanes];
    }
    return this.terms;
  }

  /** The sums of each lane, for a few rows. */
  float[][] laneSums(int lanes, int rows) {
    laneSums = laneSums.length < lanes ? new float[lanes][rows] : laneSums;
    return laneSums;
  }

  /** A row of bf16 weights, two in an int. */
  int[] ints(int length) {
    ints = ints.length < length ? new int[length] : ints;
    return ints;
  }

  /** Partial sums of a tile. */
  float[] sums(int length) {
    sums = atLeast(length, sums);
    return sums;
  }

  /**
   * Attention scores of the query heads of one group; grows in large steps, as the context does.
   */
  float[] scores(int length) {
    if (scores.length < length) {
      scores = new float[Math.max(length, 2 * scores.length)];
    }
    return scores;
  }

  private static float[] atLeast(int length, float[] array) {
    return array.length < length ? new float[length] : array;
  }
}
