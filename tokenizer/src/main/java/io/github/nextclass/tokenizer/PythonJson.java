package io.github.nextclass.tokenizer;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.List;
import java.util.Map;

/**
 * Writes JSON as Python's {@code json.dumps(value, ensure_ascii=False)} writes what {@code
 * json.loads} read, which is what the reference's {@code tojson} filter does: no HTML escapes,
 * order kept.
 */
final class PythonJson {
  static String dumps(Object value) {
    StringBuilder out = new StringBuilder();
    write(value, out);
    return out.toString();
  }

  private static void write(Object value, StringBuilder out) {
    switch (value) {
      case String s -> writeString(s, out);
      case Json.JsonNumber n ->
          out.append(n.isInteger() ? integer(n.text()) : floatRepr(Double.parseDouble(n.text())));
      case List<?> list -> {
        String separator = "[";
        for (Object item : list) {
          out.append(separator);
          write(item, out);
          separator = ", ";
        }
        out.append(list.isEmpty() ? "[]" : "]");
      }
      case Map<?, ?> map -> {
        String separator = "{";
        for (Map.Entry<?, ?> entry : map.entrySet()) {
          out.append(separator);
          writeString(String.valueOf(entry.getKey()), out);
          out.append(": ");
          write(entry.getValue(), out);
          separator = ", ";
        }
        out.append(map.isEmpty() ? "{}" : "}");
      }
      default -> out.append(value); // true, false, null
    }
  }

  private static void writeString(String s, StringBuilder out) {
    out.append('"');
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        case '\b' -> out.append("\\b");
        case '\f' -> out.append("\\f");
        default -> {
          if (c < 0x20) {
            out.append("\\u%04x".formatted((int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }

  private static String integer(String text) {
    return text.equals("-0") ? "0" : text;
  }

  /**
   * Python's {@code repr(float)}: the shortest digits that read back as the same number, as in
   * Java, but written without exponent from 1e-4 up to 1e16.
   */
  static String floatRepr(double value) {
    if (Double.isInfinite(value)) {
      return value > 0 ? "Infinity" : "-Infinity";
    }
    if (value == 0) {
      return 1 / value < 0 ? "-0.0" : "0.0";
    }
    BigDecimal shortest = shortest(Math.abs(value));
    String digits = shortest.unscaledValue().toString();
    int exponent = digits.length() - shortest.scale() - 1; // of the first digit
    String text;
    if (exponent < -4 || exponent >= 16) {
      text =
          digits.charAt(0)
              + (digits.length() > 1 ? "." + digits.substring(1) : "")
              + (exponent < 0 ? "e-" : "e+")
              + (Math.abs(exponent) < 10 ? "0" : "")
              + Math.abs(exponent);
    } else {
      text = shortest.toPlainString();
      text = text.contains(".") ? text : text + ".0";
    }
    return value < 0 ? "-" + text : text;
  }

  /** Java gives two digits where one would do: 4.9E-324 for 5e-324. */
  private static BigDecimal shortest(double value) {
    BigDecimal digits = new BigDecimal(Double.toString(value)).stripTrailingZeros();
    BigDecimal oneDigit = digits.round(new MathContext(1));
    return oneDigit.doubleValue() == value ? oneDigit.stripTrailingZeros() : digits;
  }

  private PythonJson() {}
}
