package io.github.nextclass.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.text.Normalizer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Normalization against the JDK's, whose table is newer than the reference's. */
class NfcTest {

  @Test
  void marksNewerThanTheReferenceAreInert() {
    Set<Integer> inert = newerMarks();
    assertThat(inert).contains(0x0897, 0x07FD, 0x1DF6, 0x105D2, 0x11382, 0x1E5EE);
    for (int c : inert) {
      String text = "e\u0323" + Character.toString(c) + "\u0301";
      assertThat(Nfc.normalize(text)).isEqualTo("\u1eb9" + Character.toString(c) + "\u0301");
    }
  }

  @Test
  void everyCodePointIsNormalizedAsByTheJdk() {
    Set<Integer> inert = newerMarks();
    for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
      if (inert.contains(c) || Character.getType(c) == Character.SURROGATE) {
        continue;
      }
      for (String context : List.of("", "e", "\u1100", "\uac00", "\u0323")) {
        String text = context + Character.toString(c) + "\u0301";
        if (CharClasses.nfcFlag(c) != 0 || !Normalizer.isNormalized(text, Normalizer.Form.NFC)) {
          assertThat(Nfc.normalize(text))
              .isEqualTo(Normalizer.normalize(text, Normalizer.Form.NFC));
        }
      }
    }
  }

  @Test
  void randomTextIsNormalizedAsByTheJdk() {
    Random random = new Random(7);
    Set<Integer> inert = newerMarks();
    List<Integer> pool = new ArrayList<>();
    for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
      boolean hangul = c >= 0xAC00 && c < 0xD7A4 && c % 50 != 0;
      if (CharClasses.nfcFlag(c) != 0 && !inert.contains(c) && !hangul) {
        pool.add(c);
      }
    }
    for (int i = 0; i < 50_000; i++) {
      StringBuilder text = new StringBuilder();
      for (int n = random.nextInt(10); n >= 0; n--) {
        text.appendCodePoint(pool.get(random.nextInt(pool.size())));
      }
      String s = text.toString();
      assertThat(Nfc.normalize(s)).isEqualTo(Normalizer.normalize(s, Normalizer.Form.NFC));
    }
  }

  @Test
  void normalizedTextIsRecognizedWithoutWork() {
    byte[] text = Utf8.encode("plain, naïve, 日本語, 한국어, 😀");
    assertThat(Nfc.normalize(text, 0, text.length)).isNull();
  }

  /** What NFC moves or changes in the JDK's table and leaves alone in the reference's. */
  private static Set<Integer> newerMarks() {
    Set<Integer> marks = new HashSet<>();
    for (int c = 0x300; c <= Character.MAX_CODE_POINT; c++) {
      if (CharClasses.nfcFlag(c) != 0 || Character.getType(c) == Character.SURROGATE) {
        continue;
      }
      String s = Character.toString(c);
      if (!Normalizer.isNormalized("\u0345" + s, Normalizer.Form.NFC)) {
        marks.add(c);
      }
      String decomposed = Normalizer.normalize(s, Normalizer.Form.NFD);
      if (!decomposed.equals(s)) {
        marks.add(c);
        decomposed.codePoints().filter(part -> CharClasses.nfcFlag(part) == 0).forEach(marks::add);
      }
    }
    return marks;
  }
}
