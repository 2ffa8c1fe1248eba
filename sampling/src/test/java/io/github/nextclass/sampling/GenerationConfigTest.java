package io.github.nextclass.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GenerationConfigTest {
  @TempDir Path folder;

  @Test
  void readsTheFileOfTheHybridModels() throws IOException {
    Decoding decoding =
        read(
            """
            {"bos_token_id": 151643, "do_sample": true, "eos_token_id": [151645, 151643], "pad_token_id": 151643,
             "temperature": 0.6, "top_k": 20, "top_p": 0.95, "transformers_version": "4.51.0"}
            """);
    assertThat(decoding.settings().isSampling()).isTrue();
    assertThat(decoding.settings().temperature()).isEqualTo(0.6);
    assertThat(decoding.settings().topK()).isEqualTo(20);
    assertThat(decoding.settings().topP()).isEqualTo(0.95);
    assertThat(decoding.settings().eosTokenIds()).containsExactly(151643, 151645);
  }

  @Test
  void withoutAFileDecodingIsGreedy() throws IOException {
    Decoding decoding = Decoding.fromGenerationConfig(folder);
    assertThat(decoding.settings().isSampling()).isFalse();
    assertThat(decoding.settings().eosTokenIds()).isEmpty();
  }

  @Test
  void samplingIsOnlyOnIfTheFileSaysSo() throws IOException {
    assertThat(
            read("{\"temperature\": 0.6, \"top_k\": 20, \"eos_token_id\": 7}")
                .settings()
                .isSampling())
        .isFalse();
    assertThat(read("{\"do_sample\": false, \"temperature\": 0.6}").settings().isSampling())
        .isFalse();
    Decoding decoding =
        read(
            "{\"do_sample\": true, \"eos_token_id\": 7, \"top_p\": null, \"extra\": {\"a\": [1]}}");
    assertThat(decoding.settings().isSampling()).isTrue();
    assertThat(decoding.settings().temperature()).isEqualTo(1);
    assertThat(decoding.settings().topK()).as("the default of transformers").isEqualTo(50);
    assertThat(decoding.settings().topP()).isEqualTo(1);
    assertThat(decoding.settings().eosTokenIds()).containsExactly(7);
  }

  @Test
  void readsLimitsAndPenalty() throws IOException {
    Decoding decoding =
        read(
            "{\"min_new_tokens\": 3, \"max_new_tokens\": 9, \"repetition_penalty\": 1.05, \"min_p\": 0.1}");
    assertThat(decoding.settings().minNewTokens()).isEqualTo(3);
    assertThat(decoding.settings().maxNewTokens()).hasValue(9);
    assertThat(decoding.settings().repetitionPenalty()).isEqualTo(1.05);
  }

  @Test
  void readsWhatIsForbiddenAndWhatEnds() throws IOException {
    Decoding decoding =
        read(
            """
            {"suppress_tokens": [5, 3], "bad_words_ids": [[9], [7], [3], [7, 1]], "sequence_bias": [[[4, 4], -2.5]], "eos_token_id": [7, 8],
             "stop_strings": ["\\n\\n", "END"], "max_time": 2.5, "max_length": 100}
            """);
    assertThat(decoding.settings().bannedTokenIds()).containsExactly(3, 5);
    assertThat(decoding.settings().rule(SequenceBias.class).orElseThrow().biases())
        .as("an end is no bad word")
        .isEqualTo(
            Map.of(
                List.of(9), Float.NEGATIVE_INFINITY,
                List.of(3), Float.NEGATIVE_INFINITY,
                List.of(7, 1), Float.NEGATIVE_INFINITY,
                List.of(4, 4), -2.5f));
    assertThat(decoding.settings().stopStrings()).containsExactly("\n\n", "END");
    assertThat(decoding.settings().includeStopString()).isTrue();
    assertThat(decoding.settings().deadline()).hasValue(Duration.ofMillis(2500));
    assertThat(decoding.settings().maxNewTokens()).as("max_length counts the prompt").isEmpty();
    assertThat(read("{\"stop_strings\": \"x\"}").settings().stopStrings()).containsExactly("x");
    assertThat(read("{\"max_time\": 1e300}").settings().deadline()).isPresent();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"guidance_scale\": 1.5               | guidance_scale is not supported, expected 1 or no such key",
        "\"sequence_bias\": [[1, 2.0]]         | sequence_bias: expected a list of pairs [[token id, ...], number], found 1",
        "\"sequence_bias\": [[[1], 2.0, 3]]    | sequence_bias: expected a list of pairs [[token id, ...], number], found 3",
        "\"sequence_bias\": [[[], 2.0]]        | sequenceBias must be of sequences with tokens, got []",
        "\"begin_suppress_tokens\": [1]        | begin_suppress_tokens is not supported",
        "\"forced_eos_token_id\": 1            | forced_eos_token_id is not supported, expected null",
        "\"min_length\": 3                     | min_length is not supported, expected 0",
        "\"exponential_decay_length_penalty\": [1, 1.5] | exponential_decay_length_penalty is not supported",
        "\"watermarking_config\": {}           | watermarking_config is not supported",
        "\"token_healing\": true               | token_healing is not supported, expected false",
        "\"num_beam_groups\": 2                | num_beam_groups is not supported, expected 1",
        "\"bad_words_ids\": [1]                | bad_words_ids: expected a list of lists of token ids, found 1",
        "\"suppress_tokens\": 3                | suppress_tokens: expected a list of token ids, found 3",
        "\"stop_strings\": [3]                 | stop_strings: expected a text or a list of texts, found 3",
        "\"stop_strings\": \"\"                 | stop_strings: ",
        "\"max_time\": 0                       | max_time: ",
      })
  void whatWouldChangeTheTokensAndIsNotSupportedIsRefused(String entry, String message) {
    assertThatThrownBy(() -> read("{" + entry + "}"))
        .isInstanceOf(GenerationConfigException.class)
        .hasMessageStartingWith(folder.toString())
        .hasMessageContaining(message);
  }

  @Test
  void rulesThatAreOffAreNoObstacle() throws IOException {
    Decoding decoding =
        read(
            """
            {"guidance_scale": 1.0, "sequence_bias": [], "begin_suppress_tokens": [], "forced_eos_token_id": null,
             "min_length": 0, "token_healing": false, "num_beam_groups": 1, "diversity_penalty": 0.0, "penalty_alpha": 0,
             "encoder_repetition_penalty": 1.0, "bad_words_ids": [], "suppress_tokens": [], "use_cache": true,
             "renormalize_logits": true, "cache_config": {"a": [1, {}]}}
            """);
    assertThat(decoding.settings().bannedTokenIds()).isEmpty();
  }

  @Test
  void readsTheFurtherStrategies() throws IOException {
    Decoding decoding =
        read(
            """
            {"do_sample": true, "typical_p": 0.9, "epsilon_cutoff": 3e-4, "eta_cutoff": 2e-3, "no_repeat_ngram_size": 3,
             "num_beams": 4, "length_penalty": 0.5, "early_stopping": "never", "num_return_sequences": 2,
             "prompt_lookup_num_tokens": 10, "max_matching_ngram_size": 3, "penalty_alpha": null}
            """);
    assertThat(decoding.settings().rule(TypicalP.class)).hasValue(new TypicalP(0.9));
    assertThat(decoding.settings().rule(EpsilonCutoff.class)).hasValue(new EpsilonCutoff(3e-4));
    assertThat(decoding.settings().rule(EtaCutoff.class)).hasValue(new EtaCutoff(2e-3));
    assertThat(decoding.settings().rule(NoRepeatNgram.class)).hasValue(new NoRepeatNgram(3));
    assertThat(decoding.settings().beams())
        .hasValue(new BeamSearch(4, 0.5, BeamSearch.EarlyStopping.NEVER));
    assertThat(decoding.settings().numReturnSequences()).isEqualTo(2);
    assertThat(decoding.settings().promptLookup()).hasValue(new PromptLookup(10, 3));
  }

  @Test
  void whatDoesNothingInTransformersDoesNothingHere() throws IOException {
    Decoding decoding =
        read(
            """
            {"do_sample": true, "typical_p": 1.0, "epsilon_cutoff": 0.0, "eta_cutoff": 0.0, "no_repeat_ngram_size": 0,
             "num_beams": 1, "length_penalty": 1.0, "early_stopping": false, "num_return_sequences": 1}
            """);
    assertThat(decoding.settings().rule(TypicalP.class)).isEmpty();
    assertThat(decoding.settings().rule(EpsilonCutoff.class)).isEmpty();
    assertThat(decoding.settings().rule(EtaCutoff.class)).isEmpty();
    assertThat(decoding.settings().rule(NoRepeatNgram.class)).isEmpty();
    assertThat(decoding.settings().beams()).isEmpty();
    assertThat(decoding.settings().promptLookup()).isEmpty();
    assertThat(read("{\"typical_p\": 0.5, \"num_beams\": 2}").settings().rule(TypicalP.class))
        .as("only for sampling")
        .isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'temperature': -1}                     | temperature must be 0 (greedy) or in [1e-5, 2], got -1.0",
        "{'top_p': 1.5}                          | top_p: topP must be in (0, 1], got 1.5",
        "{'top_p': 1e999}                        | top_p: topP must be in (0, 1], got Infinity",
        "{'top_k': 2.5}                          | top_k: expected an integer of 32 bits, found 2.5",
        "{'top_k': 99999999999}                  | top_k: expected an integer of 32 bits, found 99999999999",
        "{'typical_p': 0}                        | typical_p: typicalP must be in (0, 1], got 0.0",
        "{'num_beams': 0}                        | num_beams: numBeams must be 2 to 1024, got 0",
        "{'early_stopping': 'soon'}              | early_stopping: expected true, false or \"never\", found soon",
        "{'prompt_lookup_num_tokens': 0}         | prompt_lookup_num_tokens: promptLookup numTokens must be 1 to 64, got 0",
        "{'no_repeat_ngram_size': -2}            | no_repeat_ngram_size: noRepeatNgramSize must be at least 1, got -2",
        "{'do_sample': 'yes'}                    | do_sample: expected true or false, found yes",
        "{'temperature': 'hot'}                  | temperature: expected a number, found hot",
        "{'temperature': NaN}                    | not valid JSON",
        "{'eos_token_id': [1, 'x']}              | eos_token_id: expected an integer of 32 bits, found x",
        "{'eos_token_id': [[1]]}                 | eos_token_id: expected an integer of 32 bits, found [",
        "{'eos_token_id': -1}                    | eos_token_id: eosTokenIds must be token ids of at least 0, got -1",
        "{'min_new_tokens': 5, 'max_new_tokens': 2} | min_new_tokens: minNewTokens must be at most maxNewTokens",
        "{'top_k': 1, 'top_k': 2}                | not valid JSON",
        "{'top_k': 1                             | not valid JSON",
        "[1]                                     | expected a JSON object",
        "''                                      | expected a JSON object",
        "{} {}                                   | something follows the JSON object",
      })
  void aBadFileIsNamedWithItsKey(String json, String message) {
    assertThatThrownBy(
            () -> read(json.replace('\'', '"').equals("\"\"") ? "" : json.replace('\'', '"')))
        .isInstanceOf(GenerationConfigException.class)
        .hasMessageContaining("generation_config.json")
        .hasMessageNotContaining("REDACTED")
        .hasMessageContaining(message);
  }

  @Test
  void deepNestingAndALongFileAreRejected() {
    assertThatThrownBy(() -> read("{\"x\":" + "[".repeat(100_000)))
        .isInstanceOf(GenerationConfigException.class);
    assertThatThrownBy(() -> read(" ".repeat(2 << 20)))
        .isInstanceOf(GenerationConfigException.class)
        .hasMessageContaining("2097152 bytes");
  }

  /** Whatever a file holds, it is read or refused by the one exception for it. */
  @Test
  void damagedFilesAreReadOrRefused() throws IOException {
    String good =
        "{\"do_sample\": true, \"eos_token_id\": [7, 8], \"temperature\": 0.6, \"top_k\": 20, \"top_p\": 0.95, "
            + "\"min_p\": 0.1, \"repetition_penalty\": 1.1, \"max_new_tokens\": 9, \"x\": {\"y\": [null]}}";
    String alphabet = "{}[]\",:0123456789.-+eEtruefalsn \\\u0000\u00ff";
    Random random = new Random(6);
    int read = 0;
    int rounds = 5000;
    for (int round = 0; round < rounds; round++) {
      StringBuilder damaged = new StringBuilder(good);
      for (int i = random.nextInt(3); i >= 0; i--) {
        int at = random.nextInt(damaged.length());
        switch (random.nextInt(3)) {
          case 0 -> damaged.setCharAt(at, alphabet.charAt(random.nextInt(alphabet.length())));
          case 1 -> damaged.insert(at, alphabet.charAt(random.nextInt(alphabet.length())));
          default -> damaged.deleteCharAt(at);
        }
      }
      try {
        read(damaged.toString());
        read++;
      } catch (GenerationConfigException e) {
        assertThat(e).hasMessageContaining("generation_config.json: ");
      }
    }
    assertThat(read).isBetween(rounds / 20, rounds * 19 / 20);
  }

  private Decoding read(String json) throws IOException {
    Files.writeString(folder.resolve("generation_config.json"), json);
    return Decoding.fromGenerationConfig(folder);
  }
}
