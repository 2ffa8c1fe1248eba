package io.github.nextclass.sampling;

/**
 * Takes the text of an answer apart while it is made:
 *
 * <pre>
 *   &lt;think&gt; thought &lt;/think&gt;  text  &lt;tool_call&gt; {...} &lt;/tool_call&gt;  text  ...
 *
 *   begin -- &lt;think&gt; --&gt; thought -- &lt;/think&gt; --&gt; text &lt;-- &lt;/tool_call&gt; -- call
 *     |                                           |  ^                        ^
 *     +-- anything else ------------------------&gt; |  |                        |
 *                                                 +--+------ &lt;tool_call&gt; -----+
 * </pre>
 *
 * <p>What may still become a tag is held back, and so is white space that may turn out to stand
 * before a tag or at the end. A closing tag inside a JSON string does not end a call.
 */
final class AnswerParts {
  static final String THINK = "<think>";
  static final String END_OF_THINKING = "</think>";
  static final String TOOL_CALL = "<tool_call>";
  static final String END_OF_TOOL_CALL = "</tool_call>";

  private enum State {
    BEGIN,
    THOUGHT,
    TEXT,
    CALL
  }

  private final ChatListener listener;
  private final boolean withCalls;
  private final StringBuilder held = new StringBuilder();
  private final boolean inThought;
  private State state = State.BEGIN;
  private boolean partBegun;

  /**
   * Begins an answer.
   *
   * @param listener hears of the parts
   * @param form what there may be
   */
  AnswerParts(ChatListener listener, AnswerForm form) {
    this.listener = listener;
    this.withCalls = form.withCalls();
    this.inThought = form.inThought();
  }

  /** Begins behind the thought, and where the text begins. */
  static AnswerParts behindThought(ChatListener listener, AnswerForm form) {
    AnswerParts parts = new AnswerParts(listener, form);
    parts.state = State.TEXT;
    parts.partBegun = true;
    return parts;
  }

  void append(String text) {
    held.append(text);
    while (advance()) {
      // one part after the other
    }
  }

  /** Ends the answer: what was held back comes now. A call that has no end is read as it is. */
  void end() {
    while (state == State.CALL) {
      int close = held.indexOf(END_OF_TOOL_CALL);
      finishCall(close < 0 ? held.length() : close, close < 0 ? 0 : END_OF_TOOL_CALL.length());
      while (advance()) {
        // what stands behind a call whose end was not clear
      }
    }
    if (state == State.THOUGHT || (state == State.BEGIN && inThought)) {
      tellThought(held.toString().stripTrailing());
    } else {
      partBegun |= state == State.BEGIN;
      tellText(held.toString());
    }
    held.setLength(0);
  }

  /** Whether there may be more to do with what is held. */
  private boolean advance() {
    return switch (state) {
      case BEGIN -> begin();
      case THOUGHT -> thought();
      case TEXT -> text();
      case CALL -> call();
    };
  }

  private boolean begin() {
    String text = held.toString().stripLeading();
    if (text.startsWith(THINK)) {
      enter(State.THOUGHT, held.indexOf(THINK) + THINK.length());
      return true;
    }
    if (!THINK.startsWith(text)) {
      state = inThought ? State.THOUGHT : State.TEXT;
      partBegun = !inThought; // without a thought before it, the text is kept as it is
      return true;
    }
    return false;
  }

  private boolean thought() {
    int end = held.indexOf(END_OF_THINKING);
    if (end >= 0) {
      tellThought(held.substring(0, end).stripTrailing());
      enter(State.TEXT, end + END_OF_THINKING.length());
      return true;
    }
    int certain = certain(END_OF_THINKING);
    tellThought(held.substring(0, certain));
    held.delete(0, certain);
    return false;
  }

  private boolean text() {
    int call = withCalls ? held.indexOf(TOOL_CALL) : -1;
    if (call >= 0) {
      tellText(held.substring(0, call).stripTrailing());
      enter(State.CALL, call + TOOL_CALL.length());
      return true;
    }
    int certain = withCalls ? certain(TOOL_CALL) : held.length();
    tellText(held.substring(0, certain));
    held.delete(0, certain);
    return false;
  }

  private boolean call() {
    int close = endOfCall();
    if (close < 0) {
      return false;
    }
    finishCall(close, END_OF_TOOL_CALL.length());
    return true;
  }

  private void finishCall(int close, int tagLength) {
    String raw = held.substring(0, close).strip();
    enter(State.TEXT, close + tagLength);
    listener.onToolRequest(ToolCallParser.parse(raw));
  }

  /** The first closing tag that does not stand in a JSON string; negative if there is none. */
  private int endOfCall() {
    boolean inString = false;
    for (int i = 0; i < held.length(); i++) {
      char c = held.charAt(i);
      if (inString && c == '\\') {
        i++;
      } else if (c == '"') {
        inString = !inString;
      } else if (!inString && c == '<' && held.indexOf(END_OF_TOOL_CALL, i) == i) {
        return i;
      }
    }
    return -1;
  }

  private void enter(State next, int from) {
    state = next;
    partBegun = false;
    held.delete(0, from);
  }

  /** How much of what is held is no beginning of a tag, nor white space before one. */
  private int certain(String tag) {
    int end = held.length();
    for (int i = Math.max(0, end - tag.length() + 1); i < end; i++) {
      if (tag.startsWith(held.substring(i))) {
        end = i;
        break;
      }
    }
    while (end > 0 && Character.isWhitespace(held.charAt(end - 1))) {
      end--;
    }
    return end;
  }

  private void tellThought(String thought) {
    String rest = partBegun ? thought : thought.stripLeading();
    if (!rest.isEmpty()) {
      partBegun = true;
      listener.onThinking(rest);
    }
  }

  private void tellText(String text) {
    String rest = partBegun ? text : text.stripLeading();
    if (!rest.isEmpty()) {
      partBegun = true;
      listener.onText(rest);
    }
  }
}
