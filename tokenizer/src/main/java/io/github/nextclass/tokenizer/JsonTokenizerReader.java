package io.github.nextclass.tokenizer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads Hugging Face's tokenizer.json. The vocabulary and the merges are streamed; every other part
 * is small and is compared with what a Qwen2-type tokenizer has, so that a tokenizer that would
 * work otherwise is refused and not misread.
 *
 * <p>{@code truncation} and {@code padding} belong to a call, not to the text's ids, and are not
 * read.
 */
final class JsonTokenizerReader {
  /** The published file spends 75 bytes on each token and its merge. */
  private static final int BYTES_PER_TOKEN = 64;

  private final String file;
  private final JsonCursor json;
  private final ModelBuilder builder;

  private List<AddedToken> addedTokens = List.of();
  private boolean nfc;
  private boolean ignoreMerges;
  private int[] prefix = {};
  private int[] suffix = {};
  private final List<PostProcessing.OffsetTrim> trims = new ArrayList<>();
  private @Nullable String forUnknownBytes;
  private boolean hasVocabulary;
  private boolean hasMerges;

  private final DeclaredTokens declared;

  private JsonTokenizerReader(byte[] bytes, String file, DeclaredTokens declared) {
    this.file = file;
    this.declared = declared;
    json = new JsonCursor(bytes, file);
    builder = new ModelBuilder(file, bytes.length / BYTES_PER_TOKEN);
  }

  /**
   * Reads a file.
   *
   * @param declared what other files say about its tokens
   */
  static TokenizerModel read(Path path, DeclaredTokens declared) throws IOException {
    return new JsonTokenizerReader(FileBytes.read(path), path.toString(), declared).read();
  }

  static TokenizerModel read(byte[] bytes, String file) throws TokenizerFormatException {
    return new JsonTokenizerReader(bytes, file, DeclaredTokens.NONE).read();
  }

  private TokenizerModel read() throws TokenizerFormatException {
    Set<String> seen = new HashSet<>();
    for (boolean more = json.enter('{', "the file"); more; more = json.next('}')) {
      String name = json.key(seen);
      switch (name) {
        case "added_tokens" -> addedTokens = readAddedTokens(json.value(name));
        case "normalizer" -> nfc = isNfc(json.value(name), name);
        case "pre_tokenizer" -> checkPreTokenizer(json.value(name));
        case "post_processor" -> readPostProcessor(json.value(name), name);
        case "decoder" -> checkType(json.value(name), name, "ByteLevel");
        case "model" -> readModel();
        default -> json.value(name);
      }
    }
    json.end();
    for (String name : List.of("pre_tokenizer", "decoder", "model")) {
      if (!seen.contains(name)) {
        throw notQwen(name + " is missing");
      }
    }
    if (!hasVocabulary || !hasMerges) {
      throw error(hasVocabulary ? "model.merges is missing" : "model.vocab is missing");
    }
    TokenizerModel model =
        builder.build(
            addedTokens,
            declared,
            nfc,
            ignoreMerges,
            new PostProcessing(prefix, suffix, trims),
            JsonTokenizerReader::mergePlace);
    checkTemplateIds(model);
    checkUnknownBytes(model.vocabulary());
    return model;
  }

  // ---- model ----

  private void readModel() throws TokenizerFormatException {
    Set<String> seen = new HashSet<>();
    for (boolean more = json.enter('{', "model"); more; more = json.next('}')) {
      String name = json.key(seen);
      switch (name) {
        case "vocab" -> {
          hasVocabulary = true;
          readVocabulary(json, builder, "model.vocab");
        }
        case "merges" -> {
          hasMerges = true;
          readMerges();
        }
        case "ignore_merges" -> ignoreMerges = json.value(name).equals(true);
        case "type" -> {
          Object type = json.value(name);
          if (!type.equals("BPE")) {
            throw notQwen("model.type is " + type);
          }
        }
        case "dropout", "continuing_subword_prefix", "end_of_word_suffix" -> {
          Object value = json.value(name);
          if (!isUnset(value)) {
            throw notQwen("model." + name + " is " + value);
          }
        }
        case "unk_token", "byte_fallback" -> {
          Object value = json.value(name);
          if (!isUnset(value)) {
            forUnknownBytes = "model." + name + " is " + value;
          }
        }
        default -> json.value(name);
      }
    }
  }

  /** Whether an option that Qwen does not use is off. */
  private static boolean isUnset(Object value) {
    return Json.isNull(value)
        || value.equals("")
        || value.equals(false)
        || (value instanceof Json.JsonNumber n && n.text().matches("0(\\.0+)?"));
  }

  /** An option for bytes without a token is harmless where every byte has one. */
  private void checkUnknownBytes(Vocabulary vocabulary) throws TokenizerFormatException {
    if (forUnknownBytes == null) {
      return;
    }
    int[] byteTokens = vocabulary.byteTokens();
    for (int b = 0; b < 256; b++) {
      if (byteTokens[b] < 0) {
        throw notQwen("%s, and the byte 0x%02X has no token".formatted(forUnknownBytes, b));
      }
    }
  }

  /** Reads {@code {"token": id, ...}}. */
  static void readVocabulary(JsonCursor json, ModelBuilder builder, String place)
      throws TokenizerFormatException {
    for (boolean more = json.enter('{', place); more; more = json.next('}')) {
      json.string(place);
      int id = json.valueOfKeyAsInt(place);
      builder.addToken(json.text(), json.from(), json.to(), id);
    }
  }

  /** Reads {@code [["left", "right"], ...]}, or the older {@code ["left right", ...]}. */
  private void readMerges() throws TokenizerFormatException {
    int rank = 0;
    for (boolean more = json.enter('[', "model.merges"); more; more = json.next(']')) {
      if (json.peek() == '[') {
        int parts = 0;
        for (boolean part = json.enter('[', "merge"); part; part = json.next(']')) {
          if (json.peek() != '"' || ++parts > 2) {
            throw badMerge(rank);
          }
          json.string("merge");
          builder.addMergePart(
              json.text(), json.from(), json.to(), rank, JsonTokenizerReader::mergePlace);
        }
        if (parts != 2) {
          throw badMerge(rank);
        }
      } else if (json.peek() == '"') {
        json.string("merge");
        splitMerge(rank);
      } else {
        throw badMerge(rank);
      }
      rank++;
    }
  }

  private void splitMerge(int rank) throws TokenizerFormatException {
    byte[] text = json.text();
    int space = -1;
    for (int i = json.from(); i < json.to(); i++) {
      if (text[i] == ' ') {
        if (space >= 0) {
          throw badMerge(rank);
        }
        space = i;
      }
    }
    if (space < 0) {
      throw badMerge(rank);
    }
    builder.addMergePart(text, json.from(), space, rank, JsonTokenizerReader::mergePlace);
    builder.addMergePart(text, space + 1, json.to(), rank, JsonTokenizerReader::mergePlace);
  }

  private static String mergePlace(int rank) {
    return "model.merges[" + rank + "]";
  }

  private TokenizerFormatException badMerge(int rank) {
    return error(
        mergePlace(rank)
            + ": expected two tokens, as [\"a\", \"b\"] or \"a b\", at "
            + json.place());
  }

  // ---- added tokens ----

  private List<AddedToken> readAddedTokens(Object value) throws TokenizerFormatException {
    if (!(value instanceof List<?> list)) {
      throw error("added_tokens must be a list");
    }
    List<AddedToken> tokens = new ArrayList<>();
    for (Object entry : list) {
      String place = "added_tokens[" + tokens.size() + "]";
      tokens.add(addedToken(entry, integer(Json.member(entry, "id"), place + ".id"), file, place));
    }
    return tokens;
  }

  /** One entry of added_tokens or added_tokens_decoder. */
  static AddedToken addedToken(Object entry, int id, String file, String place)
      throws TokenizerFormatException {
    if (!(Json.member(entry, "content") instanceof String content) || content.isEmpty()) {
      throw new TokenizerFormatException(
          file + ": " + place + ".content must be a string that is not empty");
    }
    if (id < 0 || id > Vocabulary.MAX_ID) {
      throw new TokenizerFormatException(
          file + ": " + place + ": token id must be in 0.." + Vocabulary.MAX_ID + ", found " + id);
    }
    return new AddedToken(
        id,
        content,
        flag(entry, "single_word"),
        flag(entry, "lstrip"),
        flag(entry, "rstrip"),
        flag(entry, "normalized"),
        flag(entry, "special"));
  }

  private static boolean flag(Object entry, String name) {
    return Boolean.TRUE.equals(Json.member(entry, name));
  }

  // ---- normalizer, pre-tokenizer, post-processor ----

  private boolean isNfc(@Nullable Object value, String place) throws TokenizerFormatException {
    if (Json.isNull(value)) {
      return false;
    }
    if ("Sequence".equals(Json.member(value, "type"))
        && Json.member(value, "normalizers") instanceof List<?> list) {
      boolean any = false;
      for (Object part : list) {
        any |= isNfc(part, place + ".normalizers");
      }
      return any;
    }
    checkType(value, place, "NFC");
    return true;
  }

  private void checkPreTokenizer(Object value) throws TokenizerFormatException {
    checkType(value, "pre_tokenizer", "Sequence");
    if (!(Json.member(value, "pretokenizers") instanceof List<?> list) || list.size() != 2) {
      throw notQwen("pre_tokenizer must be a sequence of Split and ByteLevel");
    }
    Object split = list.get(0);
    checkType(split, "pre_tokenizer.pretokenizers[0]", "Split");
    Object regex = Json.member(Json.member(split, "pattern"), "Regex");
    if (!PreTokenizer.PATTERN.equals(regex)) {
      throw notQwen("the split pattern is " + regex + ", expected " + PreTokenizer.PATTERN);
    }
    if (!"Isolated".equals(Json.member(split, "behavior")) || flag(split, "invert")) {
      throw notQwen("the split's behavior must be Isolated, not inverted");
    }
    Object byteLevel = list.get(1);
    checkType(byteLevel, "pre_tokenizer.pretokenizers[1]", "ByteLevel");
    if (flag(byteLevel, "add_prefix_space")
        || !Boolean.FALSE.equals(Json.member(byteLevel, "use_regex"))) {
      throw notQwen("ByteLevel must have add_prefix_space and use_regex off");
    }
  }

  private void readPostProcessor(Object value, String place) throws TokenizerFormatException {
    if (Json.isNull(value)) {
      return;
    }
    Object type = Json.member(value, "type");
    if ("Sequence".equals(type) && Json.member(value, "processors") instanceof List<?> list) {
      for (int i = 0; i < list.size(); i++) {
        readPostProcessor(list.get(i), place + ".processors[" + i + "]");
      }
    } else if ("TemplateProcessing".equals(type)) {
      readTemplate(value, place);
    } else {
      checkType(value, place, "ByteLevel");
      if (flag(value, "trim_offsets")) {
        trims.add(new PostProcessing.OffsetTrim(flag(value, "add_prefix_space")));
      }
    }
  }

  /** The single form: ids before and behind the text. */
  private void readTemplate(Object value, String place) throws TokenizerFormatException {
    if (prefix.length + suffix.length > 0) {
      throw notQwen("there are two TemplateProcessing");
    }
    if (!(Json.member(value, "single") instanceof List<?> single)) {
      throw error(place + ".single must be a list");
    }
    IntBuffer before = new IntBuffer(4);
    IntBuffer behind = new IntBuffer(4);
    int sequences = 0;
    for (Object piece : single) {
      Object special = Json.member(piece, "SpecialToken");
      if (special != null) {
        addTemplateIds(value, Json.member(special, "id"), place, sequences == 0 ? before : behind);
      } else if ("A".equals(Json.member(Json.member(piece, "Sequence"), "id"))) {
        sequences++;
      } else {
        throw error(place + ".single: expected SpecialToken or Sequence A, found " + piece);
      }
    }
    if (sequences != 1) {
      throw error(place + ".single must name Sequence A once, found " + sequences);
    }
    prefix = before.toArray();
    suffix = behind.toArray();
  }

  private void addTemplateIds(
      Object template, @Nullable Object name, String place, IntBuffer target)
      throws TokenizerFormatException {
    Object tokens = Json.member(template, "special_tokens");
    Object token = name instanceof String s ? Json.member(tokens, s) : null;
    if (!(Json.member(token, "ids") instanceof List<?> ids)) {
      throw error(place + ".special_tokens: no ids for " + name);
    }
    for (Object id : ids) {
      target.add(integer(id, place + ".special_tokens"));
    }
  }

  private void checkTemplateIds(TokenizerModel model) throws TokenizerFormatException {
    for (int[] ids : List.of(prefix, suffix)) {
      for (int id : ids) {
        if (!model.vocabulary().contains(id) && model.addedTokens().get(id) == null) {
          throw error("post_processor: there is no token with id " + id);
        }
      }
    }
  }

  // ---- checks ----

  private void checkType(@Nullable Object value, String place, String expected)
      throws TokenizerFormatException {
    Object type = value instanceof Map<?, ?> map ? map.get("type") : value;
    if (!expected.equals(type)) {
      throw notQwen(place + ".type is " + type);
    }
  }

  private int integer(@Nullable Object value, String place) throws TokenizerFormatException {
    if (value instanceof Json.JsonNumber n && n.isInteger() && n.text().matches("\\d{1,9}")) {
      return Integer.parseInt(n.text());
    }
    throw error(place + " must be a token id, found " + value);
  }

  private TokenizerFormatException notQwen(String what) {
    return error("not a Qwen2-type tokenizer: " + what);
  }

  private TokenizerFormatException error(String message) {
    return new TokenizerFormatException(file + ": " + message);
  }
}
