package io.github.nextclass.sampling.structure;

import java.util.Map;
import java.util.TreeSet;

/**
 * The formats of strings that a JSON schema may ask for, as regular expressions. Each allows a part
 * of what its RFC allows, large enough to write any value in its usual form, and nothing that the
 * RFC does not allow.
 */
final class StringFormats {
  private static final String DATE =
      "((000[1-9]|00[1-9]\\d|0[1-9]\\d{2}|[1-9]\\d{3})-"
          + "((0[13578]|1[02])-(0[1-9]|[12]\\d|3[01])|(0[469]|11)-(0[1-9]|[12]\\d|30)|02-(0[1-9]|1\\d|2[0-8]))"
          // the 29th of February, in years that 4 divides and 100 does not, and in those that 400
          // does
          + "|(\\d{2}(0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26])00)-02-29)";
  private static final String TIME =
      "([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,9})?(Z|[+-](0\\d|1[0-7]):[0-5]\\d)";
  private static final String LABEL = "[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?";
  private static final String HOSTNAME = LABEL + "(\\." + LABEL + "){0,3}";
  private static final String BYTE = "(25[0-5]|2[0-4]\\d|1\\d{2}|[1-9]?\\d)";
  private static final String GROUP = "[0-9a-f]{1,4}";
  private static final String ATOM = "[A-Za-z0-9_+-]{1,20}";

  /** RFC 3339, appendix A: a smaller unit only directly behind the next larger one. */
  private static final String DURATION =
      "P(\\d{1,4}W|DATE(TTIME)?|TTIME)"
          .replace("DATE", "(\\d{1,4}D|\\d{1,4}M(\\d{1,4}D)?|\\d{1,4}Y(\\d{1,4}M(\\d{1,4}D)?)?)")
          .replace("TTIME", "T(\\d{1,4}S|\\d{1,4}M(\\d{1,4}S)?|\\d{1,4}H(\\d{1,4}M(\\d{1,4}S)?)?)");

  /** RFC 4291, with at most one "::", which stands for at least one group. */
  private static final String IPV6 =
      "(G:){7}G|(G:){1,6}:G|(G:){1,5}(:G){2}|(G:){1,4}(:G){3}|(G:){1,3}(:G){4}|(G:){1,2}(:G){5}|G:(:G){6}|:(:G){1,7}|(G:){1,7}:|::"
          .replace("G", GROUP);

  private static final Map<String, String> PATTERNS =
      Map.of(
          "date", DATE,
          "time", TIME,
          "date-time", DATE + "T" + TIME,
          "duration", DURATION,
          "email",
              ATOM + "(\\." + ATOM + "){0,2}@" + LABEL + "(\\." + LABEL + "){0,2}\\.[a-z]{2,12}",
          "hostname", HOSTNAME,
          "ipv4", BYTE + "(\\." + BYTE + "){3}",
          "ipv6", IPV6,
          "uuid", "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");

  private StringFormats() {}

  /** The texts of a format; fails if it is unknown. */
  static CodePointNfa nfa(String format) {
    String pattern = PATTERNS.get(format);
    if (pattern == null) {
      throw new ConstraintException(
          "format '"
              + format
              + "' is not supported; supported are "
              + String.join(", ", new TreeSet<>(PATTERNS.keySet())));
    }
    return CodePointNfa.of(RegexParser.parse(pattern));
  }
}
