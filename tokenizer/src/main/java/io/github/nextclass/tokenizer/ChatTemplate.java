package io.github.nextclass.tokenizer;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;

/**
 * Turns a conversation into the prompt that a checkpoint was trained on. Hugging Face checkpoints
 * bring a Jinja program for this; here the known programs are written in Java and recognised by
 * their hash, so that no prompt is ever nearly right.
 *
 * <p>Implementations are immutable and safe for use by several threads.
 */
public sealed interface ChatTemplate permits Qwen3ChatTemplate {

  /**
   * Loads the template of a checkpoint: chat_template.jinja, or else {@code chat_template} in
   * tokenizer_config.json.
   *
   * @param folder the checkpoint folder
   * @return the template
   * @throws TokenizerFormatException if the folder has no template, or one that is not known; the
   *     message gives its SHA-256
   * @throws IOException if a file cannot be read
   */
  static ChatTemplate load(Path folder) throws IOException {
    Path jinja = folder.resolve("chat_template.jinja");
    if (Files.exists(jinja)) {
      return recognize(new String(FileBytes.read(jinja), StandardCharsets.UTF_8), jinja.toString());
    }
    Path config = folder.resolve("tokenizer_config.json");
    if (!Files.exists(config)) {
      throw new NoSuchFileException(jinja.toString(), null, "nor is there a tokenizer_config.json");
    }
    Object json;
    try {
      json = Json.parse(FileBytes.read(config));
    } catch (Json.JsonException e) {
      throw new TokenizerFormatException(config + ": invalid JSON: " + e.getMessage());
    }
    if (!(Json.member(json, "chat_template") instanceof String template)) {
      throw new TokenizerFormatException(
          folder + ": no chat_template.jinja, and no chat_template text in " + config);
    }
    return recognize(template, config.toString());
  }

  /**
   * Recognises a template by its text.
   *
   * @param jinja the template's text; only its line ends may differ from the known text
   * @param origin where it comes from, for the message
   * @return the template
   * @throws TokenizerFormatException if it is not known; the message gives its SHA-256
   */
  static ChatTemplate recognize(String jinja, String origin) throws TokenizerFormatException {
    // As Jinja reads it: any line end is "\n", and the last one is dropped.
    String text = jinja.replace("\r\n", "\n").replace('\r', '\n');
    text = text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
    String hash = sha256(text.getBytes(StandardCharsets.UTF_8));
    for (Qwen3ChatTemplate template : Qwen3ChatTemplate.values()) {
      if (template.sha256().equals(hash)) {
        return template;
      }
    }
    throw new TokenizerFormatException(
        origin
            + ": unknown chat template, SHA-256 "
            + hash
            + "; known are the templates of Qwen3's hybrid models and of its 2507 releases");
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /**
   * Qwen3's template: of all hybrid models, 0.6B to 235B-A22B, which think or do not as asked.
   *
   * @return the template
   */
  static ChatTemplate qwen3() {
    return Qwen3ChatTemplate.HYBRID;
  }

  /**
   * Renders a conversation.
   *
   * @param messages at least one message
   * @param options generation prompt, thinking, tools
   * @return the prompt; its {@link Prompt#text()} is byte for byte what the Jinja template gives
   * @throws IllegalArgumentException if the template would fail: no messages, or no text where it
   *     needs one
   */
  Prompt render(List<Message> messages, ChatOptions options);

  /**
   * Whether the prompt ends within a thought, so that the answer is the rest of it up to {@code
   * </think>}, without a {@code <think>} of its own.
   *
   * @param options what the prompt is rendered with
   * @return true for models that always think and whose template begins the thought
   */
  boolean opensThought(ChatOptions options);

  /**
   * Renders a conversation with {@link ChatOptions#defaults()}.
   *
   * @param messages at least one message
   * @return the prompt
   * @throws IllegalArgumentException as the other method
   */
  default Prompt render(List<Message> messages) {
    return render(Objects.requireNonNull(messages, "messages"), ChatOptions.defaults());
  }
}
