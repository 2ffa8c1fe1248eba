package io.github.nextclass.benchmarks;

import java.util.Random;

/** Random text with the statistics that matter to a tokenizer: frequent words, and rare ones. */
final class Texts {
  private static final String[] ENGLISH = {
    "the",
    "of",
    "and",
    "to",
    "in",
    "was",
    "that",
    "with",
    "which",
    "from",
    "have",
    "people",
    "would",
    "there",
    "could",
    "sentence",
    "language",
    "model",
    "question",
    "answer",
    "tomorrow",
    "classification",
    "probability",
    "extraordinary",
    "don't",
    "it's",
    "we'll",
    "1984",
    "3.14",
    "Paris",
    "Ada",
    "Wednesday"
  };
  private static final String[] CODE = {
    "int",
    "return",
    "public",
    "static",
    "final",
    "void",
    "for",
    "if",
    "else",
    "i",
    "x",
    "value",
    "index",
    "length",
    "tokenIds",
    "hiddenSize",
    "=",
    "+=",
    "==",
    "->",
    "(",
    ")",
    "{",
    "}",
    "[0]",
    ";",
    "0",
    "1",
    "\"text\"",
    "// why"
  };
  private static final String CHINESE =
      "的一是不了人我在有他这为之大来以个中上们到说国和地也子时道出而要于就下得可你年生自会那后能对着事其里所去行过家十用发天如然作方成者多日都三小军二无同么经法当起与好看学进种将还分此心前面又定见只主没公从";

  private Texts() {}

  static String random(String kind, int characters, long seed) {
    Random random = new Random(seed);
    StringBuilder text = new StringBuilder();
    while (text.length() < characters) {
      switch (kind) {
        case "english" -> word(text, ENGLISH, random, 12, ". ", " ");
        case "code" -> word(text, CODE, random, 8, "\n    ", " ");
        case "chinese" -> {
          text.append(CHINESE.charAt((int) (CHINESE.length() * Math.pow(random.nextDouble(), 2))));
          if (random.nextInt(15) == 0) {
            text.append("，");
          }
        }
        default -> throw new IllegalArgumentException(kind);
      }
    }
    return text.toString();
  }

  private static void word(
      StringBuilder text, String[] words, Random random, int a, String end, String space) {
    if (random.nextInt(20) == 0) { // a word that no vocabulary knows
      for (int i = 2 + random.nextInt(8); i > 0; i--) {
        text.append((char) ('a' + random.nextInt(26)));
      }
    } else {
      text.append(words[(int) (words.length * Math.pow(random.nextDouble(), 2))]);
    }
    text.append(random.nextInt(a) == 0 ? end : space);
  }
}
