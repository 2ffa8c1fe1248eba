package io.github.nextclass.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tokens that stand beside the vocabulary. What is expected is what AutoTokenizer of transformers
 * 5.18 gives for the same folders.
 */
class DeclaredTokensTest {
  private static final String VOCAB = "{\"a\":0,\"b\":1,\"<\":2,\">\":3,\"|\":4,\"ab\":5}";

  @TempDir Path folder;

  @BeforeEach
  void writeVocabulary() throws IOException {
    write("vocab.json", VOCAB);
    write("merges.txt", "#version: 0.2\na b\n");
  }

  private void write(String name, String text) throws IOException {
    Files.writeString(folder.resolve(name), text);
  }

  private int[] encode(String text) throws IOException {
    return Tokenizer.load(folder).encode(text);
  }

  @Test
  void aFolderThatSaysNothingHasTheEndOfText() throws IOException {
    assertThat(encode("ab<|endoftext|>a")).containsExactly(5, 6, 0);
    assertThat(Tokenizer.load(folder).isSpecial(6)).isTrue();
  }

  @Test
  void aTokenWithoutARowStaysText() throws IOException {
    write("config.json", "{\"vocab_size\": 6}");
    assertThat(Tokenizer.load(folder).vocabSize()).isEqualTo(6);
    assertThat(encode("<b>")).containsExactly(2, 1, 3);
  }

  @Test
  void rolesGetIdsInTheirOrder() throws IOException {
    write(
        "tokenizer_config.json",
        """
        {"pad_token": "<|b|>", "eos_token": "<|a|>", "unk_token": null,
         "bos_token": {"__type": "AddedToken", "content": "<<", "lstrip": true, "rstrip": false,
                       "normalized": false, "single_word": false},
         "additional_special_tokens": ["<|a|>", "||"]}
        """);
    Tokenizer tokenizer = Tokenizer.load(folder);
    assertThat(tokenizer.addedTokens())
        .containsExactly(
            AddedToken.literal(6, "<<", true),
            AddedToken.literal(7, "<|a|>", true),
            AddedToken.literal(8, "<|b|>", true),
            AddedToken.literal(9, "||", true));
  }

  @Test
  void anOlderListSaysWhichIds() throws IOException {
    write("added_tokens.json", "{\"<b>\": 7, \"<a>\": 6}");
    write("tokenizer_config.json", "{\"eos_token\": \"<b>\", \"pad_token\": null}");
    assertThat(encode("<a><b><|endoftext|>")).startsWith(6, 7, 8);
    assertThat(Tokenizer.load(folder).isSpecial(7)).isTrue();
    assertThat(Tokenizer.load(folder).isSpecial(6)).isFalse();
  }

  @Test
  void anOlderMapSaysWhichRoles() throws IOException {
    write("tokenizer_config.json", "{\"eos_token\": \"<b>\"}");
    write(
        "special_tokens_map.json",
        "{\"eos_token\": {\"content\": \"<a>\"}, \"pad_token\": \"<a>\"}");
    assertThat(encode("<a><|endoftext|>")).containsExactly(6, 7);
  }

  @Test
  void tokenizerConfigAddsToTokenizerJson() throws IOException {
    String json =
        new String(Golden.resourceBytes("small.json"), java.nio.charset.StandardCharsets.UTF_8);
    write("tokenizer.json", json);
    int size = Tokenizer.load(folder.resolve("tokenizer.json")).vocabSize();
    write(
        "tokenizer_config.json",
        """
        {"tokenizer_class": "Qwen2Tokenizer", "eos_token": "<|im_end|>", "pad_token": "<fin>",
         "added_tokens_decoder": {"%d": {"content": "<new>", "lstrip": true}}}
        """
            .formatted(size));
    Tokenizer tokenizer = Tokenizer.load(folder);
    assertThat(tokenizer.encode(" <new><fin>")).containsExactly(size, size + 1);
    assertThat(tokenizer.decode(new int[] {size, size + 1}, true)).isEqualTo("<new>");
  }

  @Test
  void optionsThatWouldChangeTheIdsAreRefused() throws IOException {
    write("tokenizer_config.json", "{\"split_special_tokens\": true}");
    assertThatThrownBy(() -> Tokenizer.load(folder))
        .isInstanceOf(TokenizerFormatException.class)
        .hasMessageEndingWith(
            "tokenizer_config.json: split_special_tokens is true, which is not supported; expected false");
  }

  @Test
  void badListsAreRefused() throws IOException {
    write("added_tokens.json", "{\"<b>\": \"7\"}");
    assertThatThrownBy(() -> Tokenizer.load(folder))
        .isInstanceOf(TokenizerFormatException.class)
        .hasMessageEndingWith("added_tokens.json: '<b>' must be a token with its id, found 7");
    write("added_tokens.json", "{\"<b>\": 8}");
    assertThatThrownBy(() -> Tokenizer.load(folder))
        .isInstanceOf(TokenizerFormatException.class)
        .hasMessageContaining("added token '<b>' with id 8, but the reference gives it id 6");
  }
}
