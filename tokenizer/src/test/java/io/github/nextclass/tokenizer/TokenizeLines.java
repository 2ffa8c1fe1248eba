package io.github.nextclass.tokenizer;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * The Java side of scripts/compare_tokenizers.py and compare_tokenizer_files.py: reads lines {@code
 * {"text": ...}}, writes lines {@code {"ids": [...], "plain": [...], "offsets": [...], "decode":
 * ..., "decode_skip": ...}}; or reads {@code {"messages": ..., "kwargs": ...}} and writes {@code
 * {"rendered": ...}}. A line {@code {"tokenizer": ...}} changes the tokenizer, and is answered with
 * {@code {}} or {@code {"error": ...}}.
 */
final class TokenizeLines {

  public static void main(String[] arguments) throws Exception {
    boolean render = arguments.length > 1 && arguments[1].equals("--render");
    Tokenizer tokenizer =
        render || arguments.length == 0 ? null : Tokenizer.load(Path.of(arguments[0]));
    ChatTemplate template = render ? ChatTemplate.load(Path.of(arguments[0])) : null;
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      Golden input = new Golden((Map<?, ?>) Json.parse(line));
      StringBuilder result = new StringBuilder();
      if (input.has("tokenizer")) {
        try {
          tokenizer = Tokenizer.load(Path.of(input.text("tokenizer")));
          result.append("{}");
        } catch (TokenizerFormatException e) {
          tokenizer = null;
          result
              .append("{\"error\": ")
              .append(PythonJson.dumps(String.valueOf(e.getMessage())))
              .append('}');
        }
      } else if (template != null) {
        render(template, input, result);
      } else if (tokenizer != null) {
        tokenize(tokenizer, input, result);
      } else {
        result.append("{}");
      }
      out.append(result).append('\n');
    }
    out.flush();
  }

  private static void tokenize(Tokenizer tokenizer, Golden input, StringBuilder result) {
    String text = input.text("text");
    Encoding encoding = tokenizer.encodeWithOffsets(text, EncodeOptions.defaults());
    int[] ids = tokenizer.encode(text);
    if (!java.util.Arrays.equals(ids, encoding.ids())) {
      throw new IllegalStateException("ids with offsets differ from ids: " + text);
    }
    StreamingDecoder stream = tokenizer.newStreamingDecoder();
    StringBuilder streamed = new StringBuilder();
    result.append("{\"ids\": ").append(java.util.Arrays.toString(ids)).append(", \"offsets\": [");
    for (int i = 0; i < ids.length; i++) {
      result
          .append(i == 0 ? "" : ", ")
          .append(encoding.start(i))
          .append(", ")
          .append(encoding.end(i));
      streamed.append(stream.append(ids[i]));
    }
    streamed.append(stream.flush());
    String decoded = tokenizer.decode(ids);
    if (!decoded.contentEquals(streamed)) {
      throw new IllegalStateException("streamed text differs from decoded text: " + text);
    }
    result
        .append("], \"plain\": ")
        .append(java.util.Arrays.toString(tokenizer.encode(text, false)))
        .append(", \"decode\": ")
        .append(PythonJson.dumps(decoded))
        .append(", \"decode_skip\": ")
        .append(PythonJson.dumps(tokenizer.decode(ids, true)))
        .append('}');
  }

  private static void render(ChatTemplate template, Golden input, StringBuilder result) {
    Object rendered;
    try {
      List<Message> messages = Messages.fromJson(PythonJson.dumps(input.value("messages")));
      rendered = template.render(messages, options(input.object("kwargs"))).text();
    } catch (IllegalArgumentException e) {
      rendered = Json.NULL;
    }
    result.append("{\"rendered\": ").append(PythonJson.dumps(rendered)).append('}');
  }

  static ChatOptions options(Golden arguments) {
    ChatOptions options =
        ChatOptions.defaults()
            .withAddGenerationPrompt(arguments.flag("add_generation_prompt"))
            .withEnableThinking(!arguments.value("enable_thinking").equals(false));
    return arguments.has("tools")
        ? options.withTools(Messages.toolsFromJson(PythonJson.dumps(arguments.value("tools"))))
        : options;
  }

  private TokenizeLines() {}
}
