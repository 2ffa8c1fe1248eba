package io.github.nextclass.tokenizer;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The added tokens of a tokenizer, and who may write them. Immutable. */
final class AddedTokens {
  /**
   * The 26 of Qwen3, in the order of their ids, which follow the base vocabulary; the first 14 are
   * special.
   */
  private static final List<String> QWEN3 =
      List.of(
          "<|endoftext|>",
          "<|im_start|>",
          "<|im_end|>",
          "<|object_ref_start|>",
          "<|object_ref_end|>",
          "<|box_start|>",
          "<|box_end|>",
          "<|quad_start|>",
          "<|quad_end|>",
          "<|vision_start|>",
          "<|vision_end|>",
          "<|vision_pad|>",
          "<|image_pad|>",
          "<|video_pad|>",
          "<tool_call>",
          "</tool_call>",
          "<|fim_prefix|>",
          "<|fim_middle|>",
          "<|fim_suffix|>",
          "<|fim_pad|>",
          "<|repo_name|>",
          "<|file_sep|>",
          "<tool_response>",
          "</tool_response>",
          "<think>",
          "</think>");

  private static final int QWEN3_SPECIAL = 14;

  /** What a model writes as single tokens within its own turn. */
  private static final Set<String> WRITTEN_BY_MODEL =
      Set.of("<think>", "</think>", "<tool_call>", "</tool_call>");

  private final List<AddedToken> tokens;
  private final Map<Integer, AddedToken> byId = new HashMap<>();
  private final Map<String, AddedToken> byContent = new HashMap<>();
  private final Map<Integer, byte[]> bytesById = new HashMap<>();
  private final Set<Integer> skipped = new HashSet<>();
  private final AddedTokenMatcher raw;
  private final AddedTokenMatcher writtenByModel;
  private final @Nullable AddedTokenMatcher normalized;
  private final int idBound;

  private AddedTokens(List<AddedToken> tokens, boolean nfc) {
    this.tokens = List.copyOf(tokens);
    List<AddedToken> inRawText = new ArrayList<>();
    List<AddedToken> inNormalizedText = new ArrayList<>();
    List<AddedToken> byModel = new ArrayList<>();
    int bound = 0;
    Set<String> specialContents = new HashSet<>();
    for (AddedToken token : tokens) {
      if (token.special()) {
        specialContents.add(token.content());
      }
    }
    for (AddedToken token : tokens) {
      byId.put(token.id(), token);
      byContent.put(token.content(), token);
      // Where the reference matches normalized content, it also decodes to it, and then looks that
      // text up among the special tokens' contents, which are not normalized.
      String decoded = token.normalized() && nfc ? Nfc.normalize(token.content()) : token.content();
      bytesById.put(token.id(), ByteAlphabet.decode(decoded));
      if (specialContents.contains(decoded)) {
        skipped.add(token.id());
      }
      (token.normalized() ? inNormalizedText : inRawText).add(token);
      if (WRITTEN_BY_MODEL.contains(token.content()) && !token.special()) {
        byModel.add(token);
      }
      bound = Math.max(bound, token.id() + 1);
    }
    raw = new AddedTokenMatcher(inRawText, false);
    writtenByModel = new AddedTokenMatcher(byModel, false);
    normalized = inNormalizedText.isEmpty() ? null : new AddedTokenMatcher(inNormalizedText, nfc);
    idBound = bound;
  }

  /** Qwen3's own, behind a base vocabulary of this size. */
  static List<AddedToken> qwen3(int firstId) {
    List<AddedToken> list = new ArrayList<>();
    for (int i = 0; i < QWEN3.size(); i++) {
      list.add(AddedToken.literal(firstId + i, QWEN3.get(i), i < QWEN3_SPECIAL));
    }
    return list;
  }

  /**
   * Checks that the ids are those that the reference would give: the base token's if the content is
   * one, and else the next number behind the base vocabulary and the added tokens before. Then adds
   * the special tokens that are only declared.
   *
   * @param file for messages
   * @param baseIds the ids of base tokens that cannot be found by their bytes
   */
  static AddedTokens checked(
      List<AddedToken> tokens,
      DeclaredTokens declared,
      Vocabulary vocabulary,
      Map<String, Integer> baseIds,
      boolean nfc,
      String file)
      throws TokenizerFormatException {
    Map<String, AddedToken> byContent = new LinkedHashMap<>();
    for (AddedToken token : tokens) {
      if (byContent.put(token.content(), token) != null) {
        throw new TokenizerFormatException(
            file + ": added token '" + token.content() + "' is listed twice");
      }
    }
    declared.listed().forEach(token -> byContent.put(token.content(), token));
    int next = vocabulary.tokenCount();
    for (AddedToken token : byContent.values()) {
      String content = token.content();
      if (Utf8.loneSurrogate(content) >= 0) {
        throw new TokenizerFormatException(
            file + ": added token " + token.id() + " is not valid Unicode");
      }
      int base = baseId(content, vocabulary, baseIds);
      int expected = base >= 0 ? base : next;
      if (token.id() != expected) {
        String why =
            base < 0 && vocabulary.contains(token.id())
                ? " collides with the base vocabulary's '"
                    + ByteAlphabet.encode(vocabulary.bytes(token.id()))
                    + "'; expected id "
                : ", but the reference gives it id ";
        throw new TokenizerFormatException(
            file + ": added token '" + content + "' with id " + token.id() + why + expected);
      }
      next = Math.max(next, expected + 1);
    }
    for (String content : declared.special()) {
      AddedToken listed = byContent.get(content);
      int base = baseId(content, vocabulary, baseIds);
      int id = listed != null ? listed.id() : base >= 0 ? base : next;
      if (id < declared.idLimit()) {
        byContent.put(content, AddedToken.literal(id, content, true));
        next = Math.max(next, id + 1);
      }
    }
    return new AddedTokens(List.copyOf(byContent.values()), nfc);
  }

  private static int baseId(String content, Vocabulary vocabulary, Map<String, Integer> baseIds) {
    byte[] bytes = new byte[content.length()];
    return ByteAlphabet.toBytes(content.toCharArray(), 0, bytes.length, bytes, 0)
        ? vocabulary.find(bytes, 0, bytes.length)
        : baseIds.getOrDefault(content, -1);
  }

  List<AddedToken> tokens() {
    return tokens;
  }

  int idBound() {
    return idBound;
  }

  @Nullable AddedToken get(int id) {
    return byId.get(id);
  }

  @Nullable AddedToken get(String content) {
    return byContent.get(content);
  }

  /** The bytes that the reference decodes the token to, or null if the id is no added token's. */
  byte @Nullable [] bytes(int id) {
    return bytesById.get(id);
  }

  /** Whether decoding leaves the token out when special tokens are skipped. */
  boolean isSkipped(int id) {
    return skipped.contains(id);
  }

  boolean isSpecial(int id) {
    AddedToken token = byId.get(id);
    return token != null && token.special();
  }

  /** Finds tokens in raw text. */
  AddedTokenMatcher raw() {
    return raw;
  }

  /** Finds in raw text only what a model itself writes. */
  AddedTokenMatcher writtenByModel() {
    return writtenByModel;
  }

  /** Finds tokens in normalized text, if there are any such tokens. */
  @Nullable AddedTokenMatcher normalized() {
    return normalized;
  }
}
