package io.github.nextclass.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Damaged files and files of other tokenizers: each gets an error that says where and what, and no
 * other exception.
 */
class BadInputTest {
  @TempDir Path folder;

  private static final String SMALL = new String(Golden.resourceBytes("small.json"), UTF_8);

  // ---- tokenizer.json ----

  @Test
  void whatIsNoRegularFileIsNotRead() throws IOException {
    Files.createDirectory(folder.resolve("tokenizer.json"));
    assertThatThrownBy(() -> Tokenizer.load(folder))
        .isInstanceOf(TokenizerFormatException.class)
        .hasMessageEndingWith("tokenizer.json: not a regular file: found a directory");
    Files.createDirectory(folder.resolve("chat_template.jinja"));
    assertThatThrownBy(() -> ChatTemplate.load(folder))
        .isInstanceOf(TokenizerFormatException.class)
        .hasMessageEndingWith("chat_template.jinja: not a regular file: found a directory");
  }

  @Test
  void anOptionForUnknownBytesIsRefusedWhereThereAreSome() {
    String without = SMALL.replace("\"\u00FF\":", "\"\u65E5\":");
    assertThatThrownBy(
            () -> readJson(without.replace("\"byte_fallback\":false", "\"byte_fallback\":true")))
        .isInstanceOf(TokenizerFormatException.class)
        .hasMessageContaining("model.byte_fallback is true, and the byte 0xFF has no token");
    assertThatThrownBy(() -> readJson(without.replace("\"unk_token\":null", "\"unk_token\":\"a\"")))
        .isInstanceOf(TokenizerFormatException.class)
        .hasMessageContaining("model.unk_token is a, and the byte 0xFF has no token");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "`{`                                        | ``                                    | must be an object, found the end of the file",
        "`\"type\":\"NFC\"`                         | `\"type\":\"NFKC\"`                   | not a Qwen2-type tokenizer: normalizer.type is NFKC",
        "`\"pre_tokenizer\":{\"type\":\"Sequence\"` | `\"pre_tokenizer\":{\"type\":\"Metaspace\"` | not a Qwen2-type tokenizer: pre_tokenizer.type is Metaspace",
        "`\"type\":\"Split\"`                       | `\"type\":\"Digits\"`                 | not a Qwen2-type tokenizer: pre_tokenizer.pretokenizers[0].type is Digits",
        "`(?i:'s|`                                  | `('s|`                                | not a Qwen2-type tokenizer: the split pattern is ('s|",
        "`\"behavior\":\"Isolated\"`                | `\"behavior\":\"Removed\"`            | the split's behavior must be Isolated",
        "`\"use_regex\":false`                      | `\"use_regex\":true`                  | ByteLevel must have add_prefix_space and use_regex off",
        "`\"decoder\":{\"type\":\"ByteLevel\"`      | `\"decoder\":{\"type\":\"WordPiece\"` | not a Qwen2-type tokenizer: decoder.type is WordPiece",
        "`\"model\":{\"type\":\"BPE\"`              | `\"model\":{\"type\":\"Unigram\"`     | not a Qwen2-type tokenizer: model.type is Unigram",
        "`\"dropout\":null`                         | `\"dropout\":0.1`                     | not a Qwen2-type tokenizer: model.dropout is ",
        "`\"vocab\":{\"!\":0`                       | `\"vocab\":{\"!\":1`                  | token id 1 is given to two tokens",
        "`\"vocab\":{\"!\":0`                       | `\"vocab\":{\"!\":-1`                 | the id of '!' must be an integer in 0..2097151, found '-1",
        "`\"vocab\":{\"!\":0`                       | `\"vocab\":{\"!\":1e3`                | the id of '!' must be an integer",
        "`\"vocab\":{\"!\":0`                       | `\"vocab\":{\"!\":0.5`                | the id of '!' must be an integer",
        "`\"vocab\":{\"!\":0`                       | `\"vocab\":{\"!\":\"0\"`              | the id of '!' must be an integer",
        "`\"vocab\":{\"!\":0`                       | `\"vocab\":{\"!\":99999999999`        | the id of '!' must be an integer",
        "`\"vocab\":{\"!\":0`                       | `\"vocab\":{\"!\":0,\"!\":9000`       | token '!' is listed twice",
        "`\"vocab\":{\"!\":0`                       | `\"vocab\":{\"\":9000,\"!\":0`        | empty token with id 9000",
        "`\"vocab\":{`                              | `\"vocab\":[`                         | model.vocab must be an object, found '[",
        "`\"merges\":[[`                            | `\"merges\":[[\"a\"],[`               | model.merges[0]: expected two tokens",
        "`\"merges\":[[`                            | `\"merges\":[[\"a\",\"b\",\"c\"],[`   | model.merges[0]: expected two tokens",
        "`\"merges\":[[`                            | `\"merges\":[\"a b c\",[`             | model.merges[0]: expected two tokens",
        "`\"merges\":[[`                            | `\"merges\":[\"ab\",[`                | model.merges[0]: expected two tokens",
        "`\"merges\":[[`                            | `\"merges\":[7,[`                     | model.merges[0]: expected two tokens",
        "`\"merges\":[[`                            | `\"merges\":[[\"q\",\"q\"],[`         | model.merges[0]: merge token 'qq' is not in the vocabulary",
        "`\"merges\":[[`                            | `\"merges\":[[\"a\",\"日\"],[`        | model.merges[0]: merge token '日' is not in the vocabulary",
        "`\"added_tokens\":[{\"id\":`               | `\"added_tokens\":[{\"id\":1`         | added token '<|endoftext|>' with id 1",
        "`\"added_tokens\":[{\"id\":`               | `\"added_tokens\":[{\"id\":\"x\",\"no\":` | added_tokens[0].id must be a token id, found x",
        "`\"content\":\"<|im_start|>\"`             | `\"content\":\"<|endoftext|>\"`       | added token '<|endoftext|>' is listed twice",
        "`\"content\":\"<|im_start|>\"`             | `\"content\":\"\"`                    | added_tokens[1].content must be a string that is not empty",
        "`\"version\":\"1.0\"`                      | `\"version\":\"1.0\",\"version\":2`   | key 'version' appears twice",
        "`\"version\":\"1.0\"`                      | `\"version\":[[}]`                    | version, from line 1, column 12: invalid JSON",
      })
  void changedTokenizerJsonIsRefused(String original, String changed, String message) {
    assertThat(SMALL).contains(original);
    String json =
        changed.isEmpty()
            ? ""
            : SMALL.replaceFirst(
                java.util.regex.Pattern.quote(original),
                java.util.regex.Matcher.quoteReplacement(changed));
    assertThatThrownBy(() -> readJson(json))
        .isInstanceOf(TokenizerFormatException.class)
        .hasMessageStartingWith("some/tokenizer.json: ")
        .hasMessageContaining(message);
  }

  /** 46: the id belongs to a base token. */
  @Test
  void addedTokenThatCollidesWithTheVocabularyIsRefused() {
    String json =
        SMALL.replaceFirst("\"added_tokens\":\\[\\{\"id\":\\d+", "\"added_tokens\":[{\"id\":5");
    assertThatThrownBy(() -> readJson(json))
        .isInstanceOf(TokenizerFormatException.class)
        .hasMessageContaining(
            "added token '<|endoftext|>' with id 5 collides with the base vocabulary's '&'");
  }

  @Test
  void everyTruncationIsRefused() {
    byte[] bytes = SMALL.strip().getBytes(UTF_8);
    for (int length = 0; length < bytes.length; length += length < 3000 ? 1 : 37) {
      byte[] truncated = java.util.Arrays.copyOf(bytes, length);
      assertThatThrownBy(() -> JsonTokenizerReader.read(truncated, "t"))
          .isInstanceOf(TokenizerFormatException.class);
    }
  }

  @Test
  void textBehindTheObjectIsRefused() {
    assertThatThrownBy(() -> readJson(SMALL + "x"))
        .isInstanceOf(TokenizerFormatException.class)
        .hasMessageContaining("text after the end of the JSON value");
  }

  @Test
  void deepNestingIsRefused() {
    String json =
        SMALL.replace(
            "\"version\":\"1.0\"", "\"version\":" + "[".repeat(100_000) + "]".repeat(100_000));
    assertThatThrownBy(() -> readJson(json))
        .isInstanceOf(TokenizerFormatException.class)
        .hasMessageContaining("version")
        .hasMessageContaining("depth");
  }

  @Test
  void templateOfAnUnknownTokenIsRefused() {
    String variants = new String(Golden.resourceBytes("variants.json"), UTF_8);
    assertThatThrownBy(() -> readJson(variants.replace("\"ids\":[1]", "\"ids\":[777]")))
        .isInstanceOf(TokenizerFormatException.class)
        .hasMessageContaining("post_processor: there is no token with id 777");
    assertThatThrownBy(() -> readJson(variants.replace("TemplateProcessing", "RobertaProcessing")))
        .isInstanceOf(TokenizerFormatException.class)
        .hasMessageContaining("post_processor.processors[1].type is RobertaProcessing");
  }

  private static TokenizerModel readJson(String json) throws TokenizerFormatException {
    return JsonTokenizerReader.read(json.getBytes(UTF_8), "some/tokenizer.json");
  }

  // ---- vocab.json and merges.txt ----

  /** 44: a line with three parts, a token that the vocabulary lacks. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "`#version: 0.2\na b\na b c\n` | merges.txt: line 3: expected two tokens with one space between, found 'a b c'",
        "`a b\n\n`                     | merges.txt: line 2: expected two tokens with one space between, found ''",
        "`ab\n`                        | merges.txt: line 1: expected two tokens with one space between, found 'ab'",
        "`a b\nb a\n`                  | merges.txt line 2: merge token 'ba' is not in the vocabulary",
        "`a b\na x\n`                  | merges.txt line 2: merge token 'x' is not in the vocabulary",
        "`a \n`                        | merges.txt line 1: merge token '' is not in the vocabulary",
      })
  void badMergesAreRefused(String merges, String message) throws IOException {
    Files.writeString(folder.resolve("vocab.json"), "{\"a\": 0, \"b\": 1, \"ab\": 2}");
    Files.writeString(folder.resolve("merges.txt"), merges);
    assertThatThrownBy(() -> Tokenizer.load(folder))
        .isInstanceOf(TokenizerFormatException.class)
        .hasMessageContaining(message);
  }

  @Test
  void vocabAndMergesWithAddedTokens() throws IOException {
    Files.writeString(folder.resolve("vocab.json"), "{\"a\": 0, \"b\": 1, \"ab\": 2}");
    Files.writeString(folder.resolve("merges.txt"), "#version: 0.2\r\na b\r\n");
    Files.writeString(
        folder.resolve("tokenizer_config.json"),
        "{\"added_tokens_decoder\": {\"3\": {\"content\": \"<x>\", \"special\": true}}}");
    Tokenizer tokenizer = Tokenizer.load(folder);
    assertThat(tokenizer.encode("abba<x>")).containsExactly(2, 1, 0, 3);
    Files.writeString(
        folder.resolve("tokenizer_config.json"),
        "{\"added_tokens_decoder\": {\"1\": {\"content\": \"<x>\"}}}");
    assertThatThrownBy(() -> Tokenizer.load(folder))
        .isInstanceOf(TokenizerFormatException.class)
        .hasMessageContaining(
            "added token '<x>' with id 1 collides with the base vocabulary's 'b'; expected id 3");
    Files.writeString(
        folder.resolve("tokenizer_config.json"),
        "{\"added_tokens_decoder\": {\"x\": {\"content\": \"<x>\"}}}");
    assertThatThrownBy(() -> Tokenizer.load(folder))
        .isInstanceOf(TokenizerFormatException.class)
        .hasMessageContaining("added_tokens_decoder.x: the key must be a token id");
  }

  // ---- .tiktoken ----

  @Test
  void tiktokenFileIsRead() throws IOException {
    Path file = Files.writeString(folder.resolve("t.tiktoken"), tiktoken("ab", "abab"));
    Tokenizer tokenizer = Tokenizer.load(file);
    assertThat(tokenizer.vocabSize()).isEqualTo(258 + 26);
    assertThat(tokenizer.encode("ababab<|im_end|>")).containsExactly(257, 256, 258 + 2);
    Tokenizer own = Tokenizer.load(folder, List.of(AddedToken.literal(258, "<x>", true)));
    assertThat(own.encode("ab<x>")).containsExactly(256, 258);
    assertThatThrownBy(() -> Tokenizer.load(file, List.of(AddedToken.literal(300, "<x>", true))))
        .isInstanceOf(TokenizerFormatException.class)
        .hasMessageContaining("added token '<x>' with id 300, but the reference gives it id 258");
  }

  /** 45: bad base64, a gap, a duplicate. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "`YWI 256\n`             | line 257: expected base64, one space and a rank, found 'YWI 256'",
        "`Y!== 256\n`            | line 257: expected base64, one space and a rank",
        "`YWI= 2x6\n`            | line 257: text after the rank: 'YWI= 2x6'",
        "`YWI=\n`                | line 257: expected base64, one space and a rank",
        "`YWI= \n`               | line 257: the rank must be in 0..2097151",
        "`YWI= 99999999999999\n` | line 257: the rank must be in 0..2097151",
        "`YWJ= 256\n`            | line 257: expected base64",
        "`\nYWI= 256\n`          | line 257: expected base64",
        "`YWI= 257\n`            | rank 256 is missing, the largest is 257",
        "`YWI= 255\n`            | line 257: rank 255 is given to two tokens",
        "`YQ== 256\n`            | line 257: token 'a' is listed twice",
      })
  void badTiktokenLinesAreRefused(String lines, String message) throws IOException {
    Path file = Files.writeString(folder.resolve("t.tiktoken"), tiktoken() + lines);
    assertThatThrownBy(() -> Tokenizer.load(file))
        .isInstanceOf(TokenizerFormatException.class)
        .hasMessageContaining(message);
  }

  @Test
  void tiktokenWithoutAByteIsRefused() throws IOException {
    Path file = Files.writeString(folder.resolve("t.tiktoken"), "YQ== 0\n");
    assertThatThrownBy(() -> Tokenizer.load(file))
        .isInstanceOf(TokenizerFormatException.class)
        .hasMessageContaining("there is no token for the byte 0x00");
  }

  private static String tiktoken(String... more) {
    StringBuilder text = new StringBuilder();
    for (int b = 0; b < 256; b++) {
      text.append(Base64.getEncoder().encodeToString(new byte[] {(byte) b}))
          .append(' ')
          .append(b)
          .append('\n');
    }
    for (int i = 0; i < more.length; i++) {
      text.append(Base64.getEncoder().encodeToString(more[i].getBytes(UTF_8)))
          .append(' ')
          .append(256 + i)
          .append('\n');
    }
    return text.toString();
  }

  // ---- folders ----

  @Test
  void folderWithoutTokenizerIsRefused() {
    assertThatThrownBy(() -> Tokenizer.load(folder))
        .isInstanceOf(TokenizerFormatException.class)
        .hasMessageContaining(
            "no tokenizer.json, no vocab.json with merges.txt, and 0 .tiktoken files");
    assertThatThrownBy(() -> Tokenizer.load(folder.resolve("none.json")))
        .isInstanceOf(NoSuchFileException.class);
  }

  /** 45: a token without a row in the model. */
  @Test
  void tokenIdBeyondVocabSizeIsRefused() throws IOException {
    Files.writeString(folder.resolve("tokenizer.json"), SMALL);
    int tokens = Tokenizer.load(folder).vocabSize();
    Files.writeString(folder.resolve("config.json"), "{\"vocab_size\": " + tokens + "}");
    assertThat(Tokenizer.load(folder).vocabSize()).isEqualTo(tokens);
    Files.writeString(folder.resolve("config.json"), "{\"vocab_size\": " + (tokens - 1) + "}");
    assertThatThrownBy(() -> Tokenizer.load(folder))
        .isInstanceOf(TokenizerFormatException.class)
        .hasMessageContaining(
            "vocab_size is "
                + (tokens - 1)
                + ", but the tokenizer has the token id "
                + (tokens - 1));
  }
}
