package io.github.nextclass.engine.cpu;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import io.github.nextclass.engine.KvCacheFormat;
import io.github.nextclass.engine.quant.Bf16;
import java.lang.foreign.MemorySegment;

/**
 * The keys, or the values, of one head in a block of the KV cache. Either way attention wants sums
 * over <em>terms</em>, one for each <em>lane</em>:
 *
 * <pre>
 *            lanes                terms                sum
 *   keys     the 64 positions     headDim numbers      scores of the positions
 *   values   headDim numbers      the 64 positions     the weighted value
 * </pre>
 *
 * <p>So both lie in one way, and one kernel serves both. Some lanes stand side by side in a row of
 * 32-bit words, the group; a word holds the next term in F32, the next two in BF16, the next four
 * in Q8, the first lowest. The rows of a group follow each other, then those of the next group:
 *
 * <pre>
 *   lane          0          1         ...
 *   F32    row 0  t0         t0                      groups of 16 lanes
 *          row 1  t1         t1
 *   BF16   row 0  | t1 | t0 |  | t1 | t0 |  ...      groups of 64
 *          row 1  | t3 | t2 |  | t3 | t2 |  ...
 *   Q8     row 0  | t3 | t2 | t1 | t0 |     ...      groups of 64, then the scales
 * </pre>
 *
 * <p>A vector of any width loads neighbours. Four vectors of 16 floats are four streams of 8 KB in
 * F32; in the shorter formats such streams would end with their page before the processor's
 * prefetching is under way, so there they are one (4,096 positions in BF16: 0.76 ms a layer with
 * groups of 16, 0.60 with 64).
 *
 * <p>A Q8 number is {@code level * scale}, which a float holds exactly: 7 bits by 8. There is a
 * scale for each position and 32 dimensions, in pairs of runs as BF16: word {@code [run / 2,
 * position]}.
 *
 * @param format what a word holds
 * @param keys whether these are keys
 * @param segment the memory
 * @param offsetBytes where the panel begins
 * @param headDim the numbers of a position
 * @param group the lanes that stand side by side
 */
record KvPanel(
    KvCacheFormat format,
    boolean keys,
    MemorySegment segment,
    long offsetBytes,
    int headDim,
    int group) {
  /** The dimensions that share a scale in Q8. */
  static final int RUN = 32;

  private static final int WIDE_GROUP = 64;
  private static final int BLOCK = Primitives.BLOCK;

  /** A panel of the cache. */
  static KvPanel of(
      KvCacheFormat format, boolean keys, MemorySegment segment, long offsetBytes, int headDim) {
    boolean wide = format != KvCacheFormat.F32 && (keys || headDim % WIDE_GROUP == 0);
    int group = wide ? WIDE_GROUP : Lane.COUNT;
    return new KvPanel(format, keys, segment, offsetBytes, headDim, group);
  }

  /** A panel of floats in other memory, with as many lanes side by side. */
  KvPanel floats(MemorySegment memory) {
    return new KvPanel(KvCacheFormat.F32, keys, memory, 0, headDim, group);
  }

  /** The numbers in a word. */
  static int parts(KvCacheFormat format) {
    return switch (format) {
      case F32 -> 1;
      case BF16 -> 2;
      case Q8 -> 4;
    };
  }

  /** The runs of a head, rounded up to pairs. */
  static int scaleRuns(int headDim) {
    return (headDim + 2 * RUN - 1) / (2 * RUN) * 2;
  }

  /** The size of a panel. A headDim that fills no row of lanes is rounded up. */
  static long bytes(KvCacheFormat format, int headDim) {
    long numbers = numbers(headDim);
    return switch (format) {
      case F32 -> 4 * numbers;
      case BF16 -> 2 * numbers;
      case Q8 -> numbers + 2L * BLOCK * scaleRuns(headDim);
    };
  }

  private static long numbers(int headDim) {
    return (headDim + Lane.COUNT - 1L) / Lane.COUNT * Lane.COUNT * BLOCK;
  }

  int lanes() {
    return keys ? BLOCK : headDim;
  }

  int terms() {
    return keys ? headDim : BLOCK;
  }

  /** Bytes from a row to the next. */
  int rowBytes() {
    return 4 * group;
  }

  /** Where the word of a lane and a term lies in the segment. */
  long wordBytes(int lane, int term) {
    int parts = parts(format);
    int rows = (terms() + parts - 1) / parts;
    long row = (long) lane / group * rows + term / parts;
    return offsetBytes + row * rowBytes() + 4L * (lane % group);
  }

  /** Where the word lies that holds the scales of a position for the runs {@code run, run + 1}. */
  long scaleWordBytes(int position, int run) {
    return offsetBytes + numbers(headDim) + 4L * (run / 2 * BLOCK + position);
  }

  /** The number of a dimension at a position of the block. */
  float get(int position, int d) {
    long at = numberBytes(position, d);
    return switch (format) {
      case F32 -> segment.get(JAVA_FLOAT_UNALIGNED, at);
      case BF16 -> Bf16.widen(segment.get(JAVA_SHORT_UNALIGNED, at));
      case Q8 -> segment.get(JAVA_BYTE, at) * scale(position, d / RUN);
    };
  }

  /** Writes the numbers of a position, {@code x[at]} to {@code x[at + headDim]}. */
  void put(int position, float[] x, int at) {
    switch (format) {
      case F32 -> {
        for (int d = 0; d < headDim; d++) {
          segment.set(JAVA_FLOAT_UNALIGNED, numberBytes(position, d), x[at + d]);
        }
      }
      case BF16 -> {
        for (int d = 0; d < headDim; d++) {
          segment.set(JAVA_SHORT_UNALIGNED, numberBytes(position, d), Bf16.round(x[at + d]));
        }
      }
      case Q8 -> {
        for (int d = 0; d < headDim; d += RUN) {
          putRun(position, d, Math.min(d + RUN, headDim), x, at);
        }
      }
    }
  }

  private void putRun(int position, int from, int to, float[] x, int at) {
    short scale = KvLevels.scale(x, at + from, at + to);
    long scaleAt = scaleWordBytes(position, from / RUN) + from / RUN % 2 * 2L;
    segment.set(JAVA_SHORT_UNALIGNED, scaleAt, scale);
    float inverse = KvLevels.inverse(scale);
    for (int d = from; d < to; d++) {
      segment.set(JAVA_BYTE, numberBytes(position, d), KvLevels.level(x[at + d], inverse));
    }
  }

  private long numberBytes(int position, int d) {
    int lane = keys ? position : d;
    int term = keys ? d : position;
    int parts = parts(format);
    return wordBytes(lane, term) + term % parts * (4L / parts);
  }

  private float scale(int position, int run) {
    long at = scaleWordBytes(position, run) + run % 2 * 2L;
    return Bf16.widen(segment.get(JAVA_SHORT_UNALIGNED, at));
  }
}
