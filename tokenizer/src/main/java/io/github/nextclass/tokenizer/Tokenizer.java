package io.github.nextclass.tokenizer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;

/**
 * Text to token ids and back, with exactly the ids of Hugging Face tokenizers for Qwen2-type
 * tokenizers: added tokens, NFC, the split pattern, byte-level BPE.
 *
 * <p>Immutable and safe for use by several threads. A tokenizer remembers words that it merged;
 * that memory is bounded (some megabytes) and changes no result.
 */
public final class Tokenizer {
  private static final byte[] NO_BYTES = {};

  private final Vocabulary vocabulary;
  private final AddedTokens addedTokens;
  private final int vocabSize;
  private final TextEncoder encoder;

  Tokenizer(TokenizerModel model) {
    vocabulary = model.vocabulary();
    addedTokens = model.addedTokens();
    vocabSize = Math.max(vocabulary.idBound(), addedTokens.idBound());
    encoder = new TextEncoder(model);
  }

  /**
   * Loads a tokenizer.
   *
   * @param folderOrFile a checkpoint folder with tokenizer.json, or with vocab.json and merges.txt
   *     (and tokenizer_config.json for the added tokens), or with one .tiktoken file, looked for in
   *     this order; or one of these files. A .tiktoken file gets Qwen3's 26 added tokens
   * @return the tokenizer
   * @throws TokenizerFormatException if a file is damaged or is not of a Qwen2-type tokenizer, or,
   *     in a folder with a config.json, a token id is not below its {@code vocab_size}
   * @throws IOException if a file cannot be read
   */
  public static Tokenizer load(Path folderOrFile) throws IOException {
    return new Tokenizer(TokenizerLoader.load(folderOrFile, null));
  }

  /**
   * Loads a tokenizer from a .tiktoken file, which holds no added tokens.
   *
   * @param folderOrFile the .tiktoken file, or a folder with one
   * @param addedTokens in the order of their ids, which must follow the file's
   * @return the tokenizer
   * @throws TokenizerFormatException if the file is damaged or the added tokens do not fit it
   * @throws IOException if the file cannot be read
   */
  public static Tokenizer load(Path folderOrFile, List<AddedToken> addedTokens) throws IOException {
    return new Tokenizer(TokenizerLoader.load(folderOrFile, List.copyOf(addedTokens)));
  }

  // ---- text to ids ----

  /**
   * Encodes text as Hugging Face's {@code encode(text)} does, see {@link EncodeOptions#defaults()}.
   * The literal text of an added token becomes that token: do not use it for text from people who
   * must not write control tokens.
   *
   * @param text the text
   * @return token ids
   */
  public int[] encode(String text) {
    return encode(text, EncodeOptions.defaults());
  }

  /**
   * Encodes text as Hugging Face's {@code encode(text, add_special_tokens)} does.
   *
   * @param text the text
   * @param addSpecialTokens see {@link EncodeOptions#addSpecialTokens()}
   * @return token ids
   */
  public int[] encode(String text, boolean addSpecialTokens) {
    return encode(text, EncodeOptions.defaults().withAddSpecialTokens(addSpecialTokens));
  }

  /**
   * Encodes text in which every character is ordinary: no added token is recognised, none is added.
   *
   * @param text the text
   * @return token ids
   */
  public int[] encodeOrdinary(String text) {
    return encode(text, new EncodeOptions(false, false, false));
  }

  /**
   * Encodes text.
   *
   * @param text the text
   * @param options how
   * @return token ids
   * @throws IllegalArgumentException if {@link EncodeOptions#strict()} and the text has a lone
   *     surrogate; the message names its index
   */
  public int[] encode(String text, EncodeOptions options) {
    return encoder.encode(Prompt.of(text, options), options);
  }

  /**
   * Encodes a rendered conversation. Added tokens are recognised only where the template or the
   * model may write them, see {@link Prompt.Source}: text from users cannot become a control token.
   * For text without such attempts the ids are those of {@code encode(prompt.text())}, which is the
   * reference's behaviour.
   *
   * @param prompt what {@link ChatTemplate#render(java.util.List, ChatOptions)} gave
   * @return token ids
   */
  public int[] encode(Prompt prompt) {
    return encoder.encode(prompt, EncodeOptions.defaults().withAddSpecialTokens(false));
  }

  /**
   * Encodes text and says where each token comes from.
   *
   * @param text the text
   * @param options how
   * @return token ids with offsets into {@code text}
   * @throws IllegalArgumentException as {@link #encode(String, EncodeOptions)}
   */
  public Encoding encodeWithOffsets(String text, EncodeOptions options) {
    return encoder.encodeWithOffsets(Prompt.of(text, options), options);
  }

  // ---- ids to text ----

  /**
   * Decodes tokens, special tokens included.
   *
   * @param ids any ids; an id without a token (a padding row of the embedding) adds nothing
   * @return the text; bytes that are not UTF-8 become U+FFFD, one for each maximal subpart
   */
  public String decode(int[] ids) {
    return decode(ids, false);
  }

  /**
   * Decodes tokens.
   *
   * @param ids any ids; an id without a token adds nothing
   * @param skipSpecialTokens whether tokens marked special are left out. Qwen's {@code <think>} and
   *     {@code <tool_call>} are not marked
   * @return the text; bytes that are not UTF-8 become U+FFFD, one for each maximal subpart
   */
  public String decode(int[] ids, boolean skipSpecialTokens) {
    byte[] bytes = new byte[Math.max(16, ids.length * 4)];
    int length = 0;
    for (int id : ids) {
      byte[] added = addedTokens.bytes(id);
      int tokenLength;
      if (added != null) {
        tokenLength = skipSpecialTokens && addedTokens.isSkipped(id) ? 0 : added.length;
      } else {
        tokenLength = vocabulary.contains(id) ? vocabulary.length(id) : 0;
      }
      if (tokenLength == 0) {
        continue;
      }
      if (bytes.length - length < tokenLength) {
        bytes =
            Arrays.copyOf(
                bytes,
                Math.max(Math.multiplyExact(bytes.length, 2), Math.addExact(length, tokenLength)));
      }
      if (added != null) {
        System.arraycopy(added, 0, bytes, length, tokenLength);
      } else {
        vocabulary.copy(id, bytes, length);
      }
      length += tokenLength;
    }
    return Utf8.decodeFully(bytes, length);
  }

  /**
   * A decoder for tokens that come one by one; special tokens are included.
   *
   * @return a new decoder, for one stream
   */
  public StreamingDecoder newStreamingDecoder() {
    return newStreamingDecoder(false);
  }

  /**
   * A decoder for tokens that come one by one.
   *
   * @param skipSpecialTokens see {@link #decode(int[], boolean)}
   * @return a new decoder, for one stream
   */
  public StreamingDecoder newStreamingDecoder(boolean skipSpecialTokens) {
    return new StreamingDecoder(this, skipSpecialTokens);
  }

  // ---- the vocabulary ----

  /**
   * One more than the largest token id, added tokens included: 151669 for Qwen3. A model's {@code
   * vocab_size} may be larger by rows that no token uses.
   *
   * @return at least 0
   */
  public int vocabSize() {
    return vocabSize;
  }

  /**
   * The id of a token.
   *
   * @param token the content of an added token, or the text of an ordinary token as it decodes, as
   *     in {@code " the"}
   * @return the id, or empty if there is no such token
   */
  public OptionalInt tokenId(String token) {
    Objects.requireNonNull(token, "token");
    AddedToken added = addedTokens.get(token);
    if (added != null) {
      return OptionalInt.of(added.id());
    }
    if (Utf8.loneSurrogate(token) >= 0) {
      return OptionalInt.empty();
    }
    byte[] bytes = Utf8.encode(token);
    int id = vocabulary.find(bytes, 0, bytes.length);
    return id < 0 ? OptionalInt.empty() : OptionalInt.of(id);
  }

  /**
   * The bytes that a token decodes to; alone they need not be valid UTF-8.
   *
   * @param id any id
   * @return a new array, empty for an id without a token
   */
  public byte[] tokenBytes(int id) {
    byte[] bytes = decodedBytes(id, false);
    return bytes.clone();
  }

  /**
   * Whether the token is left out of decoded text when special tokens are skipped.
   *
   * @param id any id
   * @return true for an added token marked special
   */
  public boolean isSpecial(int id) {
    return addedTokens.isSpecial(id);
  }

  /**
   * The added tokens.
   *
   * @return an immutable list, in the order of the file
   */
  public List<AddedToken> addedTokens() {
    return addedTokens.tokens();
  }

  /** Not to be changed by the caller. */
  byte[] decodedBytes(int id, boolean skipSpecialTokens) {
    byte[] added = addedTokens.bytes(id);
    if (added != null) {
      return skipSpecialTokens && addedTokens.isSkipped(id) ? NO_BYTES : added;
    }
    return vocabulary.contains(id) ? vocabulary.bytes(id) : NO_BYTES;
  }
}
