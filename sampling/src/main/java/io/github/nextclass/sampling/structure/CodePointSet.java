package io.github.nextclass.sampling.structure;

import java.util.Arrays;

/**
 * A set of Unicode code points, as ranges in ascending order that neither overlap nor touch.
 * Surrogates are never in it: they are no characters, and UTF-8 cannot write them. Immutable.
 */
final class CodePointSet {
  static final CodePointSet ALL = new CodePointSet(new int[] {0, 0xD7FF, 0xE000, 0x10FFFF});

  /** First and last of each range, one after the other. */
  private final int[] bounds;

  private CodePointSet(int[] bounds) {
    this.bounds = bounds;
  }

  static CodePointSet of(int first, int last) {
    return ofRanges(first, last);
  }

  /** The union of ranges in any order, given as first, last, first, last ... */
  static CodePointSet ofRanges(int... ranges) {
    int count = ranges.length / 2;
    long[] sorted = new long[count];
    for (int i = 0; i < count; i++) {
      sorted[i] = (long) ranges[2 * i] << 32 | ranges[2 * i + 1];
    }
    Arrays.sort(sorted);
    int[] merged = new int[ranges.length];
    int length = 0;
    for (long range : sorted) {
      int first = (int) (range >> 32);
      int last = (int) range;
      if (length > 0 && first <= merged[length - 1] + 1) {
        merged[length - 1] = Math.max(merged[length - 1], last);
      } else {
        merged[length++] = first;
        merged[length++] = last;
      }
    }
    return new CodePointSet(Arrays.copyOf(merged, length)).intersect(ALL);
  }

  int ranges() {
    return bounds.length / 2;
  }

  int first(int range) {
    return bounds[2 * range];
  }

  int last(int range) {
    return bounds[2 * range + 1];
  }

  boolean isEmpty() {
    return bounds.length == 0;
  }

  boolean contains(int c) {
    for (int i = 0; i < bounds.length; i += 2) {
      if (bounds[i] <= c && c <= bounds[i + 1]) {
        return true;
      }
    }
    return false;
  }

  CodePointSet union(CodePointSet other) {
    int[] both = Arrays.copyOf(bounds, bounds.length + other.bounds.length);
    System.arraycopy(other.bounds, 0, both, bounds.length, other.bounds.length);
    return ofRanges(both);
  }

  CodePointSet complement() {
    int[] gaps = new int[bounds.length + 2];
    int length = 0;
    int from = 0;
    for (int i = 0; i < ranges(); i++) {
      if (from < first(i)) {
        gaps[length++] = from;
        gaps[length++] = first(i) - 1;
      }
      from = last(i) + 1;
    }
    if (from <= Character.MAX_CODE_POINT) {
      gaps[length++] = from;
      gaps[length++] = Character.MAX_CODE_POINT;
    }
    return new CodePointSet(Arrays.copyOf(gaps, length)).intersect(ALL);
  }

  CodePointSet intersect(CodePointSet other) {
    int[] common = new int[bounds.length + other.bounds.length];
    int length = 0;
    int i = 0;
    int j = 0;
    while (i < ranges() && j < other.ranges()) {
      int first = Math.max(first(i), other.first(j));
      int last = Math.min(last(i), other.last(j));
      if (first <= last) {
        common[length++] = first;
        common[length++] = last;
      }
      if (last(i) < other.last(j)) {
        i++;
      } else {
        j++;
      }
    }
    return new CodePointSet(Arrays.copyOf(common, length));
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof CodePointSet set && Arrays.equals(bounds, set.bounds);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bounds);
  }
}
