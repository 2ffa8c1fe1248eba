package io.github.nextclass.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import java.text.Normalizer;

/**
 * Whatever the bytes: a tokenizer, or the one exception that says why not. Inputs of past findings
 * run in every build.
 */
class TokenizerFuzzTest {
  private static final Tokenizer SMALL = small();

  private static Tokenizer small() {
    try {
      return SmallTokenizerTest.load("small");
    } catch (TokenizerFormatException e) {
      throw new IllegalStateException(e);
    }
  }

  @FuzzTest
  void tokenizerJson(byte[] data) {
    try {
      Tokenizer tokenizer = new Tokenizer(JsonTokenizerReader.read(data, "fuzz"));
      tokenizer.decode(tokenizer.encode("ab <x> \u00e9"));
    } catch (TokenizerFormatException expected) {
      assertThat(expected).hasMessageStartingWith("fuzz: ");
    }
  }

  @FuzzTest
  void tiktoken(byte[] data) {
    try {
      Tokenizer tokenizer = new Tokenizer(TiktokenReader.read(data, "fuzz", null));
      assertThat(tokenizer.decode(tokenizer.encode("ab <x>"))).isEqualTo("ab <x>");
    } catch (TokenizerFormatException expected) {
      assertThat(expected).hasMessageStartingWith("fuzz: ");
    }
  }

  /** Every byte has a token here, so text comes back, normalized. */
  @FuzzTest
  void roundTrip(FuzzedDataProvider data) {
    String text = data.consumeRemainingAsString();
    int[] ids = SMALL.encodeOrdinary(text);
    String decoded = SMALL.decode(ids);
    if (text.codePoints().allMatch(c -> c < 0x300)) {
      assertThat(decoded).isEqualTo(text);
    }
    assertThat(Normalizer.normalize(decoded, Normalizer.Form.NFC))
        .isEqualTo(Normalizer.normalize(Utf8.replaceLoneSurrogates(text), Normalizer.Form.NFC));
    StreamingDecoder stream = SMALL.newStreamingDecoder();
    StringBuilder streamed = new StringBuilder();
    for (int id : ids) {
      streamed.append(stream.append(id));
    }
    assertThat(streamed.append(stream.flush())).hasToString(decoded);
    Encoding encoding = SMALL.encodeWithOffsets(text, EncodeOptions.defaults());
    for (int i = 0; i < encoding.size(); i++) {
      assertThat(encoding.start(i)).isBetween(0, encoding.end(i));
      assertThat(encoding.end(i)).isLessThanOrEqualTo(text.length());
    }
  }
}
