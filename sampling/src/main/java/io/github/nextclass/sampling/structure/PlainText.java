package io.github.nextclass.sampling.structure;

import java.util.IdentityHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Text that means nothing special to the usual constraints: whole characters in UTF-8, printable
 * ones of ASCII but {@code "} and {@code \}, and all from U+00A0 on but the line separators U+2028
 * and U+2029. A JSON string, or {@code .*}, is after any such text where it was before.
 */
final class PlainText {
  private static final int FIRST_CONTINUATION = 0x80;
  private static final int LAST_CONTINUATION = 0xBF;

  /**
   * The forms of characters: lead bytes, and what their second byte may be; all further bytes are
   * any continuation bytes.
   */
  private record Form(int firstLead, int lastLead, int firstSecond, int lastSecond, int length) {}

  private static final Form[] FORMS = {
    new Form(0x20, 0x21, 0, 0, 1),
    new Form(0x23, 0x5B, 0, 0, 1),
    new Form(0x5D, 0x7E, 0, 0, 1),
    new Form(0xC2, 0xC2, 0xA0, 0xBF, 2),
    new Form(0xC3, 0xDF, 0x80, 0xBF, 2),
    new Form(0xE0, 0xE0, 0xA0, 0xBF, 3),
    new Form(0xE1, 0xE1, 0x80, 0xBF, 3),
    new Form(
        0xE2, 0xE2, 0x81, 0xBF, 3), // U+2000 to U+203F, which have the separators, are left out
    new Form(0xE3, 0xEC, 0x80, 0xBF, 3),
    new Form(0xED, 0xED, 0x80, 0x9F, 3),
    new Form(0xEE, 0xEF, 0x80, 0xBF, 3),
    new Form(0xF0, 0xF0, 0x90, 0xBF, 4),
    new Form(0xF1, 0xF3, 0x80, 0xBF, 4),
    new Form(0xF4, 0xF4, 0x80, 0x8F, 4),
  };

  private PlainText() {}

  /** Whether bytes are plain text, of at least one character. */
  static boolean matches(byte[] bytes) {
    int i = 0;
    while (i < bytes.length) {
      int length = characterLength(bytes, i);
      if (length == 0) {
        return false;
      }
      i += length;
    }
    return i > 0;
  }

  /** The bytes of the plain character at a place; 0 if there is none. */
  private static int characterLength(byte[] bytes, int at) {
    int lead = bytes[at] & 0xFF;
    for (Form form : FORMS) {
      if (form.firstLead <= lead && lead <= form.lastLead) {
        if (at + form.length > bytes.length) {
          return 0;
        }
        for (int i = 1; i < form.length; i++) {
          int b = bytes[at + i] & 0xFF;
          int first = i == 1 ? form.firstSecond : FIRST_CONTINUATION;
          int last = i == 1 ? form.lastSecond : LAST_CONTINUATION;
          if (b < first || b > last) {
            return 0;
          }
        }
        return form.length;
      }
    }
    return 0;
  }

  /** Whether any plain text leads from a state back to it. */
  static boolean leadsBack(Automaton automaton, Automaton.State state) {
    return new Loop(automaton, state).isThere();
  }

  /** Follows all plain characters, those that end alike only once. */
  private static final class Loop {
    private final Automaton automaton;
    private final Automaton.State target;

    /** States from which any so many continuation bytes lead back. */
    private final IdentityHashMap<Automaton.State, Integer> leading = new IdentityHashMap<>();

    Loop(Automaton automaton, Automaton.State target) {
      this.automaton = automaton;
      this.target = target;
    }

    boolean isThere() {
      for (Form form : FORMS) {
        for (int lead = form.firstLead; lead <= form.lastLead; lead++) {
          Automaton.State after = automaton.step(target, lead);
          boolean back =
              form.length == 1
                  ? after == target
                  : leads(after, form.firstSecond, form.lastSecond, form.length - 1);
          if (!back) {
            return false;
          }
        }
      }
      return true;
    }

    /** Whether any {@code left} bytes, the first of which lies in a range, lead back. */
    private boolean leads(Automaton.@Nullable State from, int first, int last, int left) {
      if (from == null || left == 0) {
        return from == target;
      }
      boolean all = first == FIRST_CONTINUATION && last == LAST_CONTINUATION;
      if (all && Integer.valueOf(left).equals(leading.get(from))) {
        return true;
      }
      for (int b = first; b <= last; b++) {
        if (!leads(automaton.step(from, b), FIRST_CONTINUATION, LAST_CONTINUATION, left - 1)) {
          return false;
        }
      }
      if (all) {
        leading.put(from, left);
      }
      return true;
    }
  }
}
