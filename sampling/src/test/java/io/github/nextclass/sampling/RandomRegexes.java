package io.github.nextclass.sampling;

import java.util.List;
import java.util.Random;

/** Random regular expressions in the supported syntax. The same seed, the same expression. */
final class RandomRegexes {
  private static final List<String> ATOMS =
      List.of(
          "a",
          "b",
          "Z",
          "0",
          " ",
          "é",
          "😀",
          ".",
          "\\d",
          "\\w",
          "\\s",
          "\\S",
          "\\.",
          "\\n",
          "\\u00fc",
          "\\p{Lu}",
          "[a-f]",
          "[^a-z]",
          "[à-ü0-3]",
          "[\\d_-]",
          "[^\\s\\w]",
          "the",
          "class",
          "\\x{1F600}");

  private final Random random;

  private RandomRegexes(long seed) {
    random = new Random(seed);
  }

  static String regex(long seed) {
    return new RandomRegexes(seed).choice(3);
  }

  private String choice(int depth) {
    String choice = sequence(depth);
    for (int more = random.nextInt(3); more > 0; more--) {
      choice += "|" + sequence(depth);
    }
    return choice;
  }

  private String sequence(int depth) {
    StringBuilder sequence = new StringBuilder();
    for (int length = 1 + random.nextInt(4); length > 0; length--) {
      boolean group = depth > 0 && random.nextInt(3) == 0;
      sequence.append(group ? group(depth - 1) : ATOMS.get(random.nextInt(ATOMS.size())));
      sequence.append(quantifier(group ? 3 : 12));
    }
    return sequence.toString();
  }

  private String group(int depth) {
    return (random.nextBoolean() ? "(" : "(?:") + choice(depth) + ")";
  }

  /** Of a group only a bounded one: java.util.regex, the judge, is exponential where loops nest. */
  private String quantifier(int kinds) {
    return switch (random.nextInt(2 * kinds)) {
      case 0 -> "?";
      case 1 -> "{2}";
      case 2 -> "{1,3}";
      case 3, 4 -> kinds == 3 ? "" : "*";
      case 5, 6 -> kinds == 3 ? "" : "+";
      case 7 -> "{2,}";
      case 8 -> "+?";
      default -> "";
    };
  }
}
