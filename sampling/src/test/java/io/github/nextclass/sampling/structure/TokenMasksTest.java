package io.github.nextclass.sampling.structure;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Masks against the plain way: follow each token by itself. */
class TokenMasksTest {
  private static final List<byte[]> TOKENS = tokens();
  private static final TokenTrie TRIE = TokenTrie.of(TOKENS.size(), TOKENS::get);

  /** All bytes, words, white space, quotes, and pieces of characters of every length. */
  private static List<byte[]> tokens() {
    List<byte[]> tokens = new ArrayList<>();
    for (int b = 0; b < 256; b++) {
      tokens.add(new byte[] {(byte) b});
    }
    List<String> pieces =
        List.of(
            "a", "word", " ", "\"", "\\", "\n", "{", "}", ",", ": ", "0", "12", "é", "ß", "ü",
            "\u00a0", "\u2028", "\u2019", "€", "漢", "字", "😀", "\u007f", "\u0085", "\ufffd",
            "\ue000", "-", "\\n", "\",\"");
    Random random = new Random(3);
    for (int i = 0; i < 3000; i++) {
      StringBuilder text = new StringBuilder();
      for (int j = random.nextInt(4); j >= 0; j--) {
        text.append(pieces.get(random.nextInt(pieces.size())));
      }
      byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
      int from = random.nextInt(3) == 0 ? random.nextInt(bytes.length) : 0;
      int to =
          random.nextInt(3) == 0 ? from + 1 + random.nextInt(bytes.length - from) : bytes.length;
      tokens.add(Arrays.copyOfRange(bytes, from, to));
    }
    tokens.add(new byte[0]);
    return tokens;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"type\": \"string\"}",
        "{\"type\": \"string\", \"maxLength\": 5}",
        "{\"type\": \"string\", \"minLength\": 3}",
        "{\"type\": \"string\", \"minLength\": 2, \"maxLength\": 9}",
        "{\"type\": \"string\", \"pattern\": \"é\", \"maxLength\": 30}",
        "{\"type\": \"string\", \"pattern\": \"^.{2}x.{0,20}$\"}",
        "{\"anyOf\": [{\"type\": \"string\", \"maxLength\": 4}, {\"type\": \"string\", \"minLength\": 6}]}",
        "{\"type\": \"string\", \"pattern\": \"^[a-z é]*$\"}",
        "{\"type\": \"array\", \"items\": {\"type\": \"string\"}}",
        "{\"type\": \"object\", \"properties\": {\"a\": {\"type\": \"string\"}, \"é\": {\"type\": \"number\"}}}",
        "regex .*",
        "regex (.|\\n)*",
        "regex \"[^\"]*\"",
        "regex [^a]*",
        "regex .{0,7}",
        "regex .{3}[a-z ]*",
        "regex (.é|..b|.{4})*",
        "regex (.|\\x{85}|\\x{2028})*",
        "regex (ab|c)*",
      })
  void masksAreThoseOfEachTokenByItself(String text) {
    Constraint constraint =
        text.startsWith("regex ")
            ? Constraint.regex(text.substring(6))
            : Constraint.jsonSchema(text);
    Random random = new Random(text.hashCode());
    for (int run = 0; run < 4; run++) {
      TokenMasks masks = new TokenMasks(TRIE, constraint);
      Automaton.State state = masks.start();
      for (int step = 0; step < 12 && state != null; step++) {
        for (int maxCost : new int[] {Costs.NEVER, 0, 1, 2, 5}) {
          assertThat(masks.allowed(state, maxCost)).isEqualTo(oneByOne(masks, state, maxCost));
        }
        int[] allowed = ids(masks.allowed(state, Costs.NEVER));
        state =
            allowed.length == 0
                ? null
                : masks.advance(state, allowed[random.nextInt(allowed.length)]);
      }
    }
  }

  private static long[] oneByOne(TokenMasks masks, Automaton.State state, int maxCost) {
    long[] bits = new long[(TOKENS.size() + 63) / 64];
    for (int id = 0; id < TOKENS.size(); id++) {
      Automaton.State after = masks.advance(state, id);
      if (after != null && after.cost() <= maxCost) {
        bits[id >> 6] |= 1L << id;
      }
    }
    return bits;
  }

  private static int[] ids(long[] bits) {
    return BitSet.valueOf(bits).stream().toArray();
  }

  @Test
  void plainTextIsWholeCharacters() {
    assertThat(plainLength("Zoë says 漢字 😀")).isEqualTo(13);
    for (String not :
        List.of("", "a\"", "\\", "a\n", "\u007f", "\u0085", "\u2028", "\u2029", "\ufffd")) {
      assertThat(plainLength(not)).as(not).isZero();
    }
    byte[] euro = "€".getBytes(StandardCharsets.UTF_8);
    assertThat(PlainText.length(Arrays.copyOf(euro, 2))).isZero();
    assertThat(PlainText.length(Arrays.copyOfRange(euro, 1, 3))).isZero();
    assertThat(PlainText.length(new byte[] {(byte) 0xED, (byte) 0xA0, (byte) 0x80})).isZero();
    assertThat(PlainText.length(new byte[] {(byte) 0xC0, (byte) 0xAF})).isZero();
  }

  private static int plainLength(String text) {
    return PlainText.length(text.getBytes(StandardCharsets.UTF_8));
  }
}
