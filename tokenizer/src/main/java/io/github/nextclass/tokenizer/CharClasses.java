package io.github.nextclass.tokenizer;

import java.util.Arrays;

/**
 * The class of every code point in one lookup: what the split pattern calls it (Unicode 16), and
 * whether the normalizer must look at it (the reference's older table). Independent of the JDK's
 * Unicode version.
 *
 * <pre>
 *   value = class + 5 * flag          class: OTHER LETTER NUMBER SPACE NEWLINE      flag: 0, NFC_ACTIVE, NFC_STARTER
 *   code point 0x1F600 -> PAGES[INDEX[0x1F6] + 0x00]      one page of 256 entries for each of 4352 index entries;
 *                                                         pages of one value are shared
 * </pre>
 */
final class CharClasses {
  static final int OTHER = 0;
  static final int LETTER = 1;
  static final int NUMBER = 2;

  /** White_Space except CR and LF. */
  static final int SPACE = 3;

  /** CR and LF. */
  static final int NEWLINE = 4;

  /** NFC may compose it with, or move it before, what stands in front of it, or replaces it. */
  static final int NFC_ACTIVE = 1;

  /**
   * A code point that stays as it is alone, and that NFC may change together with an active one
   * after it.
   */
  static final int NFC_STARTER = 2;

  private static final int CLASSES = 5;
  private static final int PAGE = 256;
  private static final int PAGE_COUNT = 0x110000 / PAGE;

  private static final byte[] PAGES;
  private static final short[] INDEX = new short[PAGE_COUNT];

  /** Splits a table value without a division. */
  private static final byte[] CLASS_OF_VALUE = new byte[3 * CLASSES];

  private static final byte[] FLAG_OF_VALUE = new byte[3 * CLASSES];

  static {
    for (int v = 0; v < 3 * CLASSES; v++) {
      CLASS_OF_VALUE[v] = (byte) (v % CLASSES);
      FLAG_OF_VALUE[v] = (byte) (v / CLASSES);
    }
    PAGES = buildPages(UnicodeTables.CLASSES);
  }

  static int classOf(int codePoint) {
    return CLASS_OF_VALUE[value(codePoint)];
  }

  /** White space, line ends included: Unicode's White_Space. */
  static boolean isSpace(int codePoint) {
    int charClass = classOf(codePoint);
    return charClass == SPACE || charClass == NEWLINE;
  }

  static int nfcFlag(int codePoint) {
    return FLAG_OF_VALUE[value(codePoint)];
  }

  private static int value(int codePoint) {
    return PAGES[(INDEX[codePoint >> 8] << 8) + (codePoint & 0xFF)];
  }

  /** Class of each ASCII byte, for loops over bytes. */
  static byte[] asciiClasses() {
    byte[] classes = new byte[128];
    for (int c = 0; c < 128; c++) {
      classes[c] = (byte) classOf(c);
    }
    return classes;
  }

  /** Spreads the runs over pages; a run that covers whole pages shares one page for each value. */
  private static byte[] buildPages(String runs) {
    byte[] pages = new byte[1 << 15];
    short[] uniform = new short[3 * CLASSES];
    Arrays.fill(uniform, (short) -1);
    int pageCount = 0;
    int codePoint = 0;
    int i = 0;
    while (i < runs.length()) {
      byte value = (byte) (runs.charAt(i++) - 'A');
      int count = 0;
      while (i < runs.length() && (runs.charAt(i) < 'A' || runs.charAt(i) > 'O')) {
        count = count * 36 + Character.digit(runs.charAt(i++), 36);
      }
      while (count > 0) {
        int inPage = codePoint & 0xFF;
        int n = Math.min(count, PAGE - inPage);
        boolean wholePage = n == PAGE;
        if (inPage == 0 && wholePage && uniform[value] >= 0) {
          INDEX[codePoint >> 8] = uniform[value];
        } else {
          if (inPage == 0) {
            INDEX[codePoint >> 8] = (short) pageCount;
            if (wholePage) {
              uniform[value] = (short) pageCount;
            }
            pageCount++;
            if (pageCount * PAGE > pages.length) {
              pages = Arrays.copyOf(pages, pages.length * 2);
            }
          }
          int at = (INDEX[codePoint >> 8] << 8) + inPage;
          Arrays.fill(pages, at, at + n, value);
        }
        codePoint += n;
        count -= n;
      }
    }
    return Arrays.copyOf(pages, pageCount * PAGE);
  }

  private CharClasses() {}
}
