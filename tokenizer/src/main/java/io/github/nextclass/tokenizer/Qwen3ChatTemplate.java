package io.github.nextclass.tokenizer;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * chat_template.jinja of Qwen3's models, statement by statement: of the hybrid ones; an older text
 * of it, which says the same where every content is a string (where one is not, that text fails or
 * prints Python values, and is refused here); and of the 2507 releases, which are the first one
 * without what has to do with thinking, or with a thought that every answer begins with.
 */
enum Qwen3ChatTemplate implements ChatTemplate {
  HYBRID(
      "a55ee1b1660128b7098723e0abcd92caa0788061051c62d51cbe87d9cf1974d8", Thinking.AS_ASKED, true),
  HYBRID_OLDER(
      "87a2728cb8dc9fe424d624542f6060ec05a1d285ebbec578bb078900e33396b5", Thinking.AS_ASKED, false),
  INSTRUCT_2507(
      "64f85b198065d0fba2a81f37e10ed68161ce2c19a754c7100e67e0ca2ee9c326", Thinking.NEVER, true),
  THINKING_2507(
      "3802169b2a02b81e6adb7ab4f64f91ff02db753c8c3a64a01c35192d3a61d8d7", Thinking.ALWAYS, true);

  private enum Thinking {
    /** The model opens its thought itself, or an empty one is put in front. */
    AS_ASKED,
    /** No thoughts: text that looks like one is text. */
    NEVER,
    /** The prompt ends in the beginning of a thought. */
    ALWAYS
  }

  private static final String TOOLS_HEAD =
      "# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
          + "You are provided with function signatures within <tools></tools> XML tags:\n<tools>";

  private static final String TOOLS_TAIL =
      "\n</tools>\n\nFor each function call, return a json object with function name and arguments within "
          + "<tool_call></tool_call> XML tags:\n<tool_call>\n"
          + "{\"name\": <function-name>, \"arguments\": <args-json-object>}\n</tool_call><|im_end|>\n";

  private final String sha256;
  private final Thinking thinking;
  private final boolean allowsNullContent;

  Qwen3ChatTemplate(String sha256, Thinking thinking, boolean allowsNullContent) {
    this.sha256 = sha256;
    this.thinking = thinking;
    this.allowsNullContent = allowsNullContent;
  }

  String sha256() {
    return sha256;
  }

  @Override
  public Prompt render(List<Message> messages, ChatOptions options) {
    if (messages.isEmpty()) {
      throw new IllegalArgumentException("a conversation needs at least one message");
    }
    Prompt.Builder out = new Prompt.Builder();
    renderHead(messages.getFirst(), options.tools(), out);
    int lastQuery = lastQueryIndex(messages);
    for (int i = 0; i < messages.size(); i++) {
      boolean last = i == messages.size() - 1;
      Message message = messages.get(i);
      switch (message) {
        case Message.User user -> renderTurn("user", content(user, i), out);
        case Message.System system -> {
          if (i > 0) {
            renderTurn("system", content(system, i), out);
          }
        }
        case Message.Assistant assistant ->
            renderAssistant(assistant, content(assistant, i), i > lastQuery, last, out);
        case Message.ToolResult tool -> {
          boolean first = i == 0 || !(messages.get(i - 1) instanceof Message.ToolResult);
          boolean end = last || !(messages.get(i + 1) instanceof Message.ToolResult);
          out.template(first ? "<|im_start|>user" : "")
              .template("\n<tool_response>\n")
              .content(content(tool, i))
              .template("\n</tool_response>")
              .template(end ? "<|im_end|>\n" : "");
        }
        case Message.Unknown unknown -> {} // the template has no branch for it
      }
    }
    if (options.addGenerationPrompt()) {
      out.template("<|im_start|>assistant\n");
      if (thinking == Thinking.ALWAYS) {
        out.template("<think>\n");
      } else if (thinking == Thinking.AS_ASKED && !options.enableThinking()) {
        out.template("<think>\n\n</think>\n\n");
      }
    }
    return out.build();
  }

  @Override
  public boolean opensThought(ChatOptions options) {
    return thinking == Thinking.ALWAYS && options.addGenerationPrompt();
  }

  /** The system turn, which also presents the tools. */
  private static void renderHead(Message first, List<Tool> tools, Prompt.Builder out) {
    @Nullable String system = null;
    if (first instanceof Message.System message) {
      system = message.content();
      if (system == null) {
        throw new IllegalArgumentException(
            "messages[0]: a system message needs text as its content");
      }
    }
    if (!tools.isEmpty()) {
      out.template("<|im_start|>system\n");
      if (system != null) {
        out.content(system).template("\n\n");
      }
      out.template(TOOLS_HEAD);
      for (Tool tool : tools) {
        out.template("\n").content(tool.toPythonJson());
      }
      out.template(TOOLS_TAIL);
    } else if (system != null) {
      renderTurn("system", system, out);
    }
  }

  private static void renderTurn(String role, String content, Prompt.Builder out) {
    out.template("<|im_start|>" + role + "\n").content(content).template("<|im_end|>\n");
  }

  /** The last question that a person asked: a user message that is no tool's result in disguise. */
  private static int lastQueryIndex(List<Message> messages) {
    for (int i = messages.size() - 1; i >= 0; i--) {
      if (messages.get(i) instanceof Message.User(String content)
          && content != null
          && !(content.startsWith("<tool_response>") && content.endsWith("</tool_response>"))) {
        return i;
      }
    }
    return messages.size() - 1;
  }

  /** Thinking is shown only behind the last question: there the model is still at work on it. */
  private void renderAssistant(
      Message.Assistant message,
      String fullContent,
      boolean behindQuery,
      boolean last,
      Prompt.Builder out) {
    String content = fullContent;
    String reasoning = "";
    if (thinking == Thinking.NEVER) {
      // what was thought elsewhere is not shown
    } else if (message.reasoning() != null) {
      reasoning = message.reasoning();
    } else if (content.contains("</think>")) {
      String before = content.substring(0, content.indexOf("</think>"));
      before = stripTrailingNewlines(before);
      reasoning = stripLeadingNewlines(behindLast("<think>", before));
      content = stripLeadingNewlines(behindLast("</think>", content));
    }
    out.template("<|im_start|>assistant\n");
    if (thinking != Thinking.NEVER && behindQuery && (last || !reasoning.isEmpty())) {
      out.template("<think>\n")
          .model(stripTrailingNewlines(stripLeadingNewlines(reasoning)))
          .template("\n</think>\n\n")
          .model(stripLeadingNewlines(content));
    } else {
      out.model(content);
    }
    boolean first = true;
    for (ToolCall call : message.toolCalls()) {
      if (!first || !content.isEmpty()) {
        out.template("\n");
      }
      first = false;
      out.template("<tool_call>\n{\"name\": \"")
          .content(call.name())
          .template("\", \"arguments\": ")
          .content(call.arguments())
          .template("}\n</tool_call>");
    }
    out.template("<|im_end|>\n");
  }

  private String content(Message message, int index) {
    String content = message.content();
    if (content == null && !allowsNullContent) {
      throw new IllegalArgumentException(
          "messages[" + index + "]: this template needs text as the content");
    }
    return content == null ? "" : content;
  }

  /** Python's {@code text.split(separator)[-1]}. */
  private static String behindLast(String separator, String text) {
    int at = text.lastIndexOf(separator);
    return at < 0 ? text : text.substring(at + separator.length());
  }

  /** Python's {@code text.lstrip('\n')}. */
  private static String stripLeadingNewlines(String text) {
    int i = 0;
    while (i < text.length() && text.charAt(i) == '\n') {
      i++;
    }
    return text.substring(i);
  }

  /** Python's {@code text.rstrip('\n')}. */
  private static String stripTrailingNewlines(String text) {
    int i = text.length();
    while (i > 0 && text.charAt(i - 1) == '\n') {
      i--;
    }
    return text.substring(0, i);
  }
}
