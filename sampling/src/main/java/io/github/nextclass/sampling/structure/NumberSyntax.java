package io.github.nextclass.sampling.structure;

import static io.github.nextclass.sampling.structure.Regex.choice;
import static io.github.nextclass.sampling.structure.Regex.literal;
import static io.github.nextclass.sampling.structure.Regex.optional;
import static io.github.nextclass.sampling.structure.Regex.range;
import static io.github.nextclass.sampling.structure.Regex.sequence;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * JSON numbers within bounds, as automata over their digits. A number is compared with a bound from
 * left to right: the first digit that differs decides.
 *
 * <pre>
 *   at least 25     25 | 2[6-9] | [3-9]d | [1-9]d{2,14}            d is any digit
 * </pre>
 *
 * <p>Numbers have up to 15 digits before and behind the point, more only if a bound has more, so
 * what reads them as doubles loses nothing before the point.
 */
final class NumberSyntax {
  private static final int DIGITS = 15;
  private static final int MAX_MULTIPLE = 1000;

  private static final Regex DIGIT = range('0', '9');
  private static final Regex NONZERO_DIGIT = range('1', '9');
  private static final Regex ZEROS = new Regex.Repeat(range('0', '0'), 0, DIGITS);

  private final boolean integer;
  private final int integerDigits;
  private final int fractionDigits;

  private NumberSyntax(boolean integer, @Nullable Bound lower, @Nullable Bound upper) {
    this.integer = integer;
    this.integerDigits = Math.max(DIGITS, Math.max(integerDigits(lower), integerDigits(upper)));
    this.fractionDigits =
        Math.max(DIGITS, 1 + Math.max(fractionDigits(lower), fractionDigits(upper)));
  }

  /** One end of a range. */
  record Bound(BigDecimal value, boolean exclusive) {}

  /** The numbers between two bounds, each of which may be absent. */
  static CodePointNfa between(boolean integer, @Nullable Bound lower, @Nullable Bound upper) {
    if (integer) {
      lower = lower == null ? null : ceiling(lower);
      upper = upper == null ? null : floor(upper);
    }
    NumberSyntax syntax = new NumberSyntax(integer, lower, upper);
    if (lower == null && upper == null) {
      return CodePointNfa.of(syntax.any(!integer));
    }
    CodePointNfa numbers = CodePointNfa.of(syntax.any(false));
    if (lower != null) {
      numbers = numbers.intersect(CodePointNfa.of(syntax.above(lower)));
    }
    if (upper != null) {
      numbers = numbers.intersect(CodePointNfa.of(syntax.below(upper)));
    }
    return numbers;
  }

  /** The numbers that a number divides, as an automaton whose states are remainders. */
  static CodePointNfa multiplesOf(BigDecimal divisor) {
    BigDecimal stripped = divisor.stripTrailingZeros();
    int scale = Math.max(0, stripped.scale());
    BigInteger unscaled = stripped.setScale(scale).unscaledValue();
    if (divisor.signum() <= 0 || unscaled.compareTo(BigInteger.valueOf(MAX_MULTIPLE)) > 0) {
      throw new ConstraintException(
          "multipleOf must be above 0 and have a value of at most "
              + MAX_MULTIPLE
              + " without its decimal point, got "
              + divisor.toPlainString());
    }
    return new Multiples(unscaled.intValueExact(), scale).nfa;
  }

  /**
   * Counts in units of the last place: the number n/10^scale is a multiple if divisor divides n.
   */
  private static final class Multiples {
    private static final CodePointSet[] DIGIT_SETS =
        IntStream.rangeClosed('0', '9')
            .mapToObj(digit -> CodePointSet.of(digit, digit))
            .toArray(CodePointSet[]::new);

    final CodePointNfa nfa = new CodePointNfa();
    private final int divisor;

    Multiples(int divisor, int scale) {
      this.divisor = divisor;
      int[] integerPart = remainders();
      nfa.epsilon(CodePointNfa.START, integerPart[0]);
      nfa.move(CodePointNfa.START, CodePointSet.of('-', '-'), integerPart[0]);
      addDigits(integerPart, integerPart);
      addEnds(integerPart, scale);
      int[] before = remainders();
      for (int remainder = 0; remainder < divisor; remainder++) {
        nfa.move(integerPart[remainder], CodePointSet.of('.', '.'), before[remainder]);
      }
      for (int place = 1; place <= scale; place++) {
        int[] after = remainders();
        addDigits(before, after);
        addEnds(after, scale - place);
        before = after;
      }
      int zeros = nfa.newState();
      nfa.move(before[0], CodePointSet.of('0', '0'), zeros);
      nfa.move(zeros, CodePointSet.of('0', '0'), zeros);
      nfa.epsilon(zeros, CodePointNfa.END);
    }

    private int[] remainders() {
      int[] states = new int[divisor];
      for (int remainder = 0; remainder < divisor; remainder++) {
        states[remainder] = nfa.newState();
      }
      return states;
    }

    private void addDigits(int[] from, int[] to) {
      for (int remainder = 0; remainder < divisor; remainder++) {
        for (int digit = 0; digit < 10; digit++) {
          nfa.move(from[remainder], DIGIT_SETS[digit], to[(10 * remainder + digit) % divisor]);
        }
      }
    }

    /** A number may end where the places that are missing, all zero, make a multiple. */
    private void addEnds(int[] states, int missingPlaces) {
      long power =
          BigInteger.TEN
              .modPow(BigInteger.valueOf(missingPlaces), BigInteger.valueOf(divisor))
              .longValueExact();
      for (int remainder = 0; remainder < divisor; remainder++) {
        if (remainder * power % divisor == 0) {
          nfa.epsilon(states[remainder], CodePointNfa.END);
        }
      }
    }
  }

  // ---- numbers with a sign

  private Regex any(boolean withExponent) {
    Bound zero = new Bound(BigDecimal.ZERO, true);
    Regex magnitude = atLeast(new Bound(BigDecimal.ZERO, false));
    Regex number = choice(magnitude, sequence(literal("-"), atLeast(zero)));
    Regex exponent =
        sequence(
            choice(literal("e"), literal("E")),
            optional(choice(literal("+"), literal("-"))),
            new Regex.Repeat(DIGIT, 1, 2));
    return withExponent ? sequence(number, optional(exponent)) : number;
  }

  private Regex above(Bound bound) {
    if (bound.value().signum() >= 0) {
      return atLeast(bound);
    }
    Regex negative = sequence(literal("-"), atMost(negated(bound)));
    return choice(atLeast(new Bound(BigDecimal.ZERO, false)), negative);
  }

  private Regex below(Bound bound) {
    Bound zero = new Bound(BigDecimal.ZERO, true);
    if (bound.value().signum() < 0) {
      return sequence(literal("-"), atLeast(negated(bound)));
    }
    return choice(atMost(bound), sequence(literal("-"), atLeast(zero)));
  }

  // ---- numbers without a sign

  private Regex atLeast(Bound bound) {
    String whole = whole(bound);
    String fraction = fraction(bound);
    List<Regex> options = new ArrayList<>();
    options.add(sequence(integerAbove(whole), anyFraction()));
    if (fraction.isEmpty() && !bound.exclusive()) {
      options.add(sequence(literal(whole), anyFraction()));
    } else if (!integer) {
      options.add(sequence(literal(whole + "."), fractionAbove(fraction, bound.exclusive())));
    }
    return new Regex.Choice(options);
  }

  private Regex atMost(Bound bound) {
    String whole = whole(bound);
    String fraction = fraction(bound);
    List<Regex> options = new ArrayList<>();
    options.add(sequence(integerBelow(whole), anyFraction()));
    if (!fraction.isEmpty() || !bound.exclusive()) {
      options.add(literal(whole));
      if (!integer) {
        options.add(sequence(literal(whole + "."), fractionBelow(fraction, bound.exclusive())));
      }
    }
    return new Regex.Choice(options);
  }

  private Regex anyFraction() {
    return integer
        ? Regex.EMPTY
        : optional(sequence(literal("."), new Regex.Repeat(DIGIT, 1, fractionDigits)));
  }

  /** Whole numbers above one. */
  private Regex integerAbove(String digits) {
    List<Regex> options = new ArrayList<>();
    for (int i = 0; i < digits.length(); i++) {
      int digit = digits.charAt(i);
      if (digit < '9') {
        options.add(
            sequence(
                literal(digits.substring(0, i)),
                range(digit + 1, '9'),
                digits(digits.length() - 1 - i)));
      }
    }
    int longer = integerDigits - digits.length();
    if (longer > 0) {
      options.add(
          sequence(NONZERO_DIGIT, new Regex.Repeat(DIGIT, digits.length(), integerDigits - 1)));
    }
    return new Regex.Choice(options);
  }

  /** Whole numbers below one. */
  private static Regex integerBelow(String digits) {
    List<Regex> options = new ArrayList<>();
    if (digits.length() > 1) {
      options.add(literal("0"));
      options.add(sequence(NONZERO_DIGIT, new Regex.Repeat(DIGIT, 0, digits.length() - 2)));
    }
    for (int i = 0; i < digits.length(); i++) {
      int smallest = i == 0 && digits.length() > 1 ? '1' : '0';
      int digit = digits.charAt(i);
      if (digit > smallest) {
        options.add(
            sequence(
                literal(digits.substring(0, i)),
                range(smallest, digit - 1),
                digits(digits.length() - 1 - i)));
      }
    }
    return new Regex.Choice(options);
  }

  /** Fractions of at least, or above, one without zeros at its end. */
  private Regex fractionAbove(String digits, boolean exclusive) {
    List<Regex> options = new ArrayList<>();
    for (int i = 0; i < digits.length(); i++) {
      int digit = digits.charAt(i);
      if (digit < '9') {
        options.add(sequence(literal(digits.substring(0, i)), range(digit + 1, '9'), upTo(DIGITS)));
      }
    }
    options.add(
        exclusive
            ? sequence(literal(digits), ZEROS, NONZERO_DIGIT, upTo(DIGITS))
            : sequence(literal(digits), upTo(DIGITS)));
    return new Regex.Choice(options);
  }

  /** Fractions of at most, or below, one without zeros at its end. */
  private static Regex fractionBelow(String digits, boolean exclusive) {
    List<Regex> options = new ArrayList<>();
    for (int i = 0; i < digits.length(); i++) {
      int digit = digits.charAt(i);
      if (digit > '0') {
        options.add(sequence(literal(digits.substring(0, i)), range('0', digit - 1), upTo(DIGITS)));
      }
      if (i > 0) {
        options.add(literal(digits.substring(0, i)));
      }
    }
    if (!exclusive) {
      Regex more = digits.isEmpty() ? range('0', '0') : Regex.EMPTY;
      options.add(sequence(literal(digits), more, ZEROS));
    }
    return new Regex.Choice(options);
  }

  private static Regex digits(int count) {
    return new Regex.Repeat(DIGIT, count, count);
  }

  private static Regex upTo(int count) {
    return new Regex.Repeat(DIGIT, 0, count);
  }

  // ---- bounds

  private static Bound negated(Bound bound) {
    return new Bound(bound.value().negate(), bound.exclusive());
  }

  private static Bound ceiling(Bound bound) {
    BigDecimal ceiling = bound.value().setScale(0, RoundingMode.CEILING);
    boolean next = bound.exclusive() && ceiling.compareTo(bound.value()) == 0;
    return new Bound(next ? ceiling.add(BigDecimal.ONE) : ceiling, false);
  }

  private static Bound floor(Bound bound) {
    BigDecimal floor = bound.value().setScale(0, RoundingMode.FLOOR);
    boolean next = bound.exclusive() && floor.compareTo(bound.value()) == 0;
    return new Bound(next ? floor.subtract(BigDecimal.ONE) : floor, false);
  }

  private static String whole(Bound bound) {
    return bound.value().toBigInteger().toString();
  }

  private static String fraction(Bound bound) {
    String plain = bound.value().stripTrailingZeros().toPlainString();
    int point = plain.indexOf('.');
    return point < 0 ? "" : plain.substring(point + 1);
  }

  private static int integerDigits(@Nullable Bound bound) {
    return bound == null ? 0 : bound.value().abs().toBigInteger().toString().length();
  }

  private static int fractionDigits(@Nullable Bound bound) {
    return bound == null ? 0 : fraction(bound).length();
  }
}
