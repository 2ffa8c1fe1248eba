package io.github.nextclass.tokenizer;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Unicode normalization form C as the reference does it: the algorithm of UAX 15 over a table older
 * than the JDK's, in which marks encoded since are inert. With each code point goes the number by
 * which the reference counts how the text grew or shrank there; offsets into the original text
 * follow from these counts.
 */
final class Nfc {
  private static final int HANGUL_S = 0xAC00;
  private static final int HANGUL_L = 0x1100;
  private static final int HANGUL_V = 0x1161;
  private static final int HANGUL_T = 0x11A7;
  private static final int L_COUNT = 19;
  private static final int V_COUNT = 21;
  private static final int T_COUNT = 28;
  private static final int S_COUNT = L_COUNT * V_COUNT * T_COUNT;

  private static final Map<Integer, Integer> COMBINING = new HashMap<>();
  private static final Map<Integer, int[]> DECOMPOSITIONS = new HashMap<>();
  private static final Map<Long, Integer> COMPOSITIONS = new HashMap<>();

  static {
    for (String record : UnicodeTables.COMBINING.split(";")) {
      int[] r = numbers(record);
      for (int i = 0; i < r[1]; i++) {
        COMBINING.put(r[0] + i, r[2]);
      }
    }
    for (String record : UnicodeTables.DECOMPOSITIONS.split(";")) {
      int[] r = numbers(record);
      DECOMPOSITIONS.put(r[0], Arrays.copyOfRange(r, 1, r.length));
    }
    for (String record : UnicodeTables.COMPOSITIONS.split(";")) {
      int[] r = numbers(record);
      COMPOSITIONS.put(pair(r[0], r[1]), r[2]);
    }
  }

  /**
   * Normalized text.
   *
   * @param utf8 the text, exactly its bytes
   * @param originStart for each byte, where in the input the code point begins that it is counted
   *     to
   * @param originEnd for each byte, where that code point ends
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Result(byte[] utf8, int[] originStart, int[] originEnd) {}

  /** Code points with their combining classes and growth counts, while they are worked on. */
  private final IntBuffer codePoints = new IntBuffer(64);

  private final IntBuffer changes = new IntBuffer(64);
  private int[] cp = new int[0];
  private int[] change = cp;
  private int size;

  private Nfc() {}

  /** Whether {@code text[from, to)} is in normal form for sure; a "no" may be a false alarm. */
  static boolean isNormalized(byte[] text, int from, int to) {
    int i = from;
    while (i < to) {
      byte lead = text[i];
      // Everything below U+0300 is left alone unless something above follows: lead bytes up to CB.
      if (lead >= 0) {
        i++;
      } else if (lead < (byte) 0xCC) {
        i += 2;
      } else {
        if (CharClasses.nfcFlag(Utf8.codePoint(text, i)) == CharClasses.NFC_ACTIVE) {
          return false;
        }
        i += Utf8.length(lead);
      }
    }
    return true;
  }

  /** The normalized text, or null if {@code text[from, to)} is in normal form. */
  static @Nullable Result normalize(byte[] text, int from, int to) {
    return isNormalized(text, from, to) ? null : new Nfc().run(text, from, to);
  }

  static String normalize(String text) {
    byte[] utf8 = Utf8.encode(text);
    Result result = normalize(utf8, 0, utf8.length);
    return result == null ? text : Utf8.decodeFully(result.utf8, result.utf8.length);
  }

  private Result run(byte[] text, int from, int to) {
    IntBuffer positions = new IntBuffer(to - from + 1);
    for (int i = from; i < to; i += Utf8.length(text[i])) {
      positions.add(i);
      decompose(Utf8.codePoint(text, i));
    }
    positions.add(to);
    cp = codePoints.toArray();
    change = changes.toArray();
    size = cp.length;
    reorder();
    compose();
    return encode(positions);
  }

  private void decompose(int c) {
    int s = c - HANGUL_S;
    if (s >= 0 && s < S_COUNT) {
      append(HANGUL_L + s / (V_COUNT * T_COUNT), 0);
      append(HANGUL_V + s % (V_COUNT * T_COUNT) / T_COUNT, 1);
      if (s % T_COUNT != 0) {
        append(HANGUL_T + s % T_COUNT, 1);
      }
      return;
    }
    int[] parts = DECOMPOSITIONS.get(c);
    if (parts == null) {
      append(c, 0);
      return;
    }
    for (int i = 0; i < parts.length; i++) {
      append(parts[i], i == 0 ? 0 : 1);
    }
  }

  private void append(int c, int growth) {
    codePoints.add(c);
    changes.add(growth);
  }

  /** Canonical order: marks between starters sorted by class, equal classes left as they are. */
  private void reorder() {
    int i = 0;
    while (i < size) {
      int end = i;
      while (end < size && combiningClass(cp[end]) != 0) {
        end++;
      }
      if (end - i > 1) {
        sortMarks(i, end);
      }
      i = end + 1;
    }
  }

  /** Stable and n log n: a million marks in a row are no attack. */
  private void sortMarks(int from, int to) {
    long[] order = new long[to - from];
    for (int i = from; i < to; i++) {
      order[i - from] = (long) combiningClass(cp[i]) << 32 | i;
    }
    Arrays.sort(order);
    int[] points = Arrays.copyOfRange(cp, from, to);
    int[] growths = Arrays.copyOfRange(change, from, to);
    for (int i = from; i < to; i++) {
      int source = (int) order[i - from] - from;
      cp[i] = points[source];
      change[i] = growths[source];
    }
  }

  private void compose() {
    int write = 0;
    int starter = -1;
    int lastClass = -1; // of the mark left standing behind the starter; -1: none
    for (int read = 0; read < size; read++) {
      int c = cp[read];
      int ccc = combiningClass(c);
      if (starter >= 0 && lastClass < ccc) {
        int composite = composition(cp[starter], c);
        if (composite >= 0) {
          cp[starter] = composite;
          change[starter] += change[read] - 1;
          continue;
        }
      }
      if (ccc == 0) {
        starter = write;
        lastClass = -1;
      } else {
        lastClass = ccc;
      }
      cp[write] = c;
      change[write] = change[read];
      write++;
    }
    size = write;
  }

  /** The reference walks the original code points with a cursor that only the counts move. */
  private Result encode(IntBuffer positions) {
    byte[] bytes = Utf8.encode(new String(cp, 0, size));
    int[] starts = new int[bytes.length];
    int[] ends = new int[bytes.length];
    int cursor = 0;
    int at = 0;
    for (int i = 0; i < size; i++) {
      int source = change[i] > 0 ? Math.max(0, cursor - 1) : cursor;
      if (change[i] <= 0) {
        cursor += 1 - change[i];
      }
      int length = Utf8.length(bytes[at]);
      for (int k = 0; k < length; k++) {
        starts[at] = positions.get(source);
        ends[at] = positions.get(source + 1);
        at++;
      }
    }
    return new Result(bytes, starts, ends);
  }

  private static int combiningClass(int c) {
    return c < 0x300 ? 0 : COMBINING.getOrDefault(c, 0);
  }

  private static int composition(int a, int b) {
    int l = a - HANGUL_L;
    int v = b - HANGUL_V;
    if (l >= 0 && l < L_COUNT && v >= 0 && v < V_COUNT) {
      return HANGUL_S + (l * V_COUNT + v) * T_COUNT;
    }
    int s = a - HANGUL_S;
    int t = b - HANGUL_T;
    if (s >= 0 && s < S_COUNT && s % T_COUNT == 0 && t > 0 && t < T_COUNT) {
      return a + t;
    }
    return COMPOSITIONS.getOrDefault(pair(a, b), -1);
  }

  private static long pair(int a, int b) {
    return (long) a << 32 | b;
  }

  private static int[] numbers(String record) {
    String[] fields = record.split(",");
    int[] numbers = new int[fields.length];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = Integer.parseInt(fields[i], 36);
    }
    return numbers;
  }
}
