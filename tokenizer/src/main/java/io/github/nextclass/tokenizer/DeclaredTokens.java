package io.github.nextclass.tokenizer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The tokens that a folder declares beside its vocabulary, as transformers' {@code Qwen2Tokenizer}
 * reads them: the list {@code added_tokens_decoder} of tokenizer_config.json (or the older
 * added_tokens.json), and tokens by their role ({@code eos_token} and its like, {@code
 * extra_special_tokens}; without the list also in special_tokens_map.json), which become special
 * tokens whether or not they are listed. Immutable.
 *
 * @param listed tokens with their ids, in the order of these
 * @param special contents of special tokens, in the order in which those without an id get one
 * @param idLimit a token by its role alone gets no id from here on: the model has no row for it,
 *     and its text stays ordinary text
 */
record DeclaredTokens(List<AddedToken> listed, List<String> special, int idLimit) {
  static final DeclaredTokens NONE = new DeclaredTokens(List.of(), List.of(), 0);

  private static final String DEFAULT = "<|endoftext|>";

  /** In the order of transformers' {@code SPECIAL_TOKENS_ATTRIBUTES}. */
  private static final List<String> ROLES =
      List.of(
          "bos_token",
          "eos_token",
          "unk_token",
          "sep_token",
          "pad_token",
          "cls_token",
          "mask_token");

  /** What these are where tokenizer_config.json does not say. */
  private static final Set<String> ROLES_WITH_DEFAULT =
      Set.of("eos_token", "unk_token", "pad_token");

  DeclaredTokens {
    listed = List.copyOf(listed);
    special = List.copyOf(special);
  }

  /**
   * Reads what a folder has of tokenizer_config.json, added_tokens.json, special_tokens_map.json.
   *
   * @param folder the folder
   * @param idLimit see {@link #idLimit()}
   */
  static DeclaredTokens read(Path folder, int idLimit) throws IOException {
    Path file = folder.resolve("tokenizer_config.json");
    Object config = Files.exists(file) ? parse(file) : Map.of();
    for (String option : List.of("add_prefix_space", "split_special_tokens")) {
      if (Boolean.TRUE.equals(Json.member(config, option))) {
        throw new TokenizerFormatException(
            file + ": " + option + " is true, which is not supported; expected false");
      }
    }
    Object decoder = Json.member(config, "added_tokens_decoder");
    Path roles = folder.resolve("special_tokens_map.json");
    List<String> special =
        special(decoder == null && Files.exists(roles) ? merged(config, parse(roles)) : config);
    Path older = folder.resolve("added_tokens.json");
    List<AddedToken> listed =
        decoder != null
            ? decoder(decoder, file)
            : Files.exists(older) ? added(parse(older), special, older) : List.of();
    return new DeclaredTokens(listed, special, idLimit);
  }

  private static Object parse(Path file) throws IOException {
    try {
      return Json.parse(FileBytes.read(file));
    } catch (Json.JsonException e) {
      throw new TokenizerFormatException(file + ": invalid JSON: " + e.getMessage());
    }
  }

  private static Object merged(Object config, Object roles) {
    Map<Object, Object> merged = new LinkedHashMap<>();
    for (Object part : List.of(config, roles)) {
      if (part instanceof Map<?, ?> map) {
        merged.putAll(map);
      }
    }
    return merged;
  }

  private static List<String> special(Object config) {
    Set<String> contents = new LinkedHashSet<>();
    Object tokenizerClass = Json.member(config, "tokenizer_class");
    boolean defaults = tokenizerClass == null || tokenizerClass.toString().startsWith("Qwen2");
    for (String role : ROLES) {
      boolean said = config instanceof Map<?, ?> map && map.containsKey(role);
      String content = content(Json.member(config, role));
      if (content != null) {
        contents.add(content);
      } else if (!said && defaults && ROLES_WITH_DEFAULT.contains(role)) {
        contents.add(DEFAULT);
      }
    }
    Object extra = Json.member(config, "extra_special_tokens");
    if (!(extra instanceof List<?> list && !list.isEmpty())) {
      extra = Json.member(config, "additional_special_tokens");
    }
    if (extra instanceof List<?> list) {
      list.stream().map(DeclaredTokens::content).filter(Objects::nonNull).forEach(contents::add);
    }
    return List.copyOf(contents);
  }

  /** A token given by its text, or by an object with its text. */
  private static @Nullable String content(@Nullable Object token) {
    Object content = token instanceof Map<?, ?> ? Json.member(token, "content") : token;
    return content instanceof String text && !text.isEmpty() && Utf8.loneSurrogate(text) < 0
        ? text
        : null;
  }

  /** The newer form: ids with what is known about each token. */
  private static List<AddedToken> decoder(Object decoder, Path file)
      throws TokenizerFormatException {
    if (!(decoder instanceof Map<?, ?> map)) {
      throw new TokenizerFormatException(file + ": added_tokens_decoder must be an object");
    }
    List<AddedToken> tokens = new ArrayList<>();
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      String id = String.valueOf(entry.getKey());
      String place = "added_tokens_decoder." + id;
      if (!id.matches("\\d{1,9}")) {
        throw new TokenizerFormatException(file + ": " + place + ": the key must be a token id");
      }
      tokens.add(
          JsonTokenizerReader.addedToken(
              entry.getValue(), Integer.parseInt(id), file.toString(), place));
    }
    tokens.sort(Comparator.comparingInt(AddedToken::id));
    return tokens;
  }

  /** The older form: texts with their ids. */
  private static List<AddedToken> added(Object value, List<String> special, Path file)
      throws TokenizerFormatException {
    if (!(value instanceof Map<?, ?> map)) {
      throw new TokenizerFormatException(file + ": expected an object of tokens and their ids");
    }
    List<AddedToken> tokens = new ArrayList<>();
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      String content = String.valueOf(entry.getKey());
      if (content.isEmpty()
          || !(entry.getValue() instanceof Json.JsonNumber n)
          || !n.text().matches("\\d{1,9}")) {
        throw new TokenizerFormatException(
            file + ": '" + content + "' must be a token with its id, found " + entry.getValue());
      }
      boolean isSpecial = special.contains(content);
      tokens.add(
          new AddedToken(
              Integer.parseInt(n.text()), content, false, false, false, !isSpecial, isSpecial));
    }
    tokens.sort(Comparator.comparingInt(AddedToken::id));
    return tokens;
  }
}
