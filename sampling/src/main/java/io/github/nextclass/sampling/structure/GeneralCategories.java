package io.github.nextclass.sampling.structure;

import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Unicode's general categories, as the JDK knows them. */
final class GeneralCategories {
  private static final Map<Integer, String> NAMES =
      Map.ofEntries(
          Map.entry((int) Character.UPPERCASE_LETTER, "Lu"),
          Map.entry((int) Character.LOWERCASE_LETTER, "Ll"),
          Map.entry((int) Character.TITLECASE_LETTER, "Lt"),
          Map.entry((int) Character.MODIFIER_LETTER, "Lm"),
          Map.entry((int) Character.OTHER_LETTER, "Lo"),
          Map.entry((int) Character.NON_SPACING_MARK, "Mn"),
          Map.entry((int) Character.COMBINING_SPACING_MARK, "Mc"),
          Map.entry((int) Character.ENCLOSING_MARK, "Me"),
          Map.entry((int) Character.DECIMAL_DIGIT_NUMBER, "Nd"),
          Map.entry((int) Character.LETTER_NUMBER, "Nl"),
          Map.entry((int) Character.OTHER_NUMBER, "No"),
          Map.entry((int) Character.CONNECTOR_PUNCTUATION, "Pc"),
          Map.entry((int) Character.DASH_PUNCTUATION, "Pd"),
          Map.entry((int) Character.START_PUNCTUATION, "Ps"),
          Map.entry((int) Character.END_PUNCTUATION, "Pe"),
          Map.entry((int) Character.INITIAL_QUOTE_PUNCTUATION, "Pi"),
          Map.entry((int) Character.FINAL_QUOTE_PUNCTUATION, "Pf"),
          Map.entry((int) Character.OTHER_PUNCTUATION, "Po"),
          Map.entry((int) Character.MATH_SYMBOL, "Sm"),
          Map.entry((int) Character.CURRENCY_SYMBOL, "Sc"),
          Map.entry((int) Character.MODIFIER_SYMBOL, "Sk"),
          Map.entry((int) Character.OTHER_SYMBOL, "So"),
          Map.entry((int) Character.SPACE_SEPARATOR, "Zs"),
          Map.entry((int) Character.LINE_SEPARATOR, "Zl"),
          Map.entry((int) Character.PARAGRAPH_SEPARATOR, "Zp"));

  private GeneralCategories() {}

  /** The characters of a category of two letters, or of a group of one; null if there is none. */
  static @Nullable CodePointSet get(String name) {
    boolean known = NAMES.values().stream().anyMatch(n -> n.equals(name) || isGroup(name, n));
    if (!known) {
      return null;
    }
    int[] ranges = new int[64];
    int length = 0;
    for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
      String category = NAMES.get(Character.getType(c));
      if (category == null || !(category.equals(name) || isGroup(name, category))) {
        continue;
      }
      if (length > 0 && ranges[length - 1] == c - 1) {
        ranges[length - 1] = c;
        continue;
      }
      if (length == ranges.length) {
        ranges = Arrays.copyOf(ranges, 2 * length);
      }
      ranges[length++] = c;
      ranges[length++] = c;
    }
    return CodePointSet.ofRanges(Arrays.copyOf(ranges, length));
  }

  private static boolean isGroup(String name, String category) {
    return name.length() == 1 && category.startsWith(name);
  }
}
