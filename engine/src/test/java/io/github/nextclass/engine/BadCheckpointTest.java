package io.github.nextclass.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.nextclass.safetensors.DType;
import io.github.nextclass.safetensors.SafetensorsException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Checkpoints that are wrong in one place. Each is refused with a message that names file, key or
 * tensor, what was found and what was expected; and nothing but the module's exceptions comes out.
 */
class BadCheckpointTest {
  private static final EngineOptions OPTIONS = EngineOptions.defaults().withThreads(1);

  @TempDir private Path temporary;
  private CheckpointEditor checkpoint;

  @BeforeEach
  void copy() throws IOException {
    checkpoint = CheckpointEditor.copy("gqa-tied-bf16", temporary);
  }

  private static void load(CheckpointEditor checkpoint) throws IOException {
    Engine.load(checkpoint.folder(), OPTIONS).close();
  }

  /** The message names config.json, then all of the texts. */
  private static void assertConfigRefused(CheckpointEditor bad, String... texts) {
    assertRefused(bad, bad.config(), texts);
  }

  /** The message names the folder, then all of the texts. */
  private static void assertWeightsRefused(CheckpointEditor bad, String... texts) {
    assertRefused(bad, bad.folder(), texts);
  }

  private static void assertRefused(CheckpointEditor bad, Path where, String... texts) {
    assertThatThrownBy(() -> load(bad))
        .isExactlyInstanceOf(ModelFormatException.class)
        .message()
        .startsWith(where + ": ")
        .contains(List.of(texts));
  }

  @Test
  void theCopyItselfLoads() throws IOException {
    load(checkpoint);
    load(
        checkpoint
            .set("rope_scaling", "null")
            .rewrite((writer, tensor) ->
                writer.add(tensor.name(), tensor.dtype(), tensor.shape(), tensor.segment())));
  }

  // The numbers are those of the list of bad inputs that the project keeps.

  @ParameterizedTest // 35
  @CsvSource({"qwen2, qwen2", "qwen3_moe, qwen3_moe", "llama, llama", "'', (none)"})
  void modelTypeIsQwen3(String type, String found) throws IOException {
    assertConfigRefused(
        checkpoint.set("model_type", '"' + type + '"'), "unsupported model_type", found, "qwen3");
  }

  @Test // 35
  void modelTypeIsThere() throws IOException {
    assertConfigRefused(checkpoint.remove("model_type"), "unsupported model_type", "(none)");
  }

  @ParameterizedTest // 36
  @CsvSource({"4, 3", "3, 2", "2, 4"})
  void headsAreAMultipleOfKeyValueHeads(String heads, String kvHeads) throws IOException {
    assertConfigRefused(
        checkpoint.set("num_attention_heads", heads).set("num_key_value_heads", kvHeads),
        "num_attention_heads " + heads,
        "num_key_value_heads " + kvHeads,
        "multiple");
  }

  @ParameterizedTest // 37
  @ValueSource(
      strings = {
        "-1",
        "0",
        "1000000000",
        "9223372036854775808",
        "2.5",
        "1e3",
        "\"2\"",
        "true",
        "[2]",
        "{}",
      })
  void layersAreASmallPositiveInteger(String value) throws IOException {
    String found = value.equals("1e3") ? "1000" : value.replace("\"", "");
    assertConfigRefused(
        checkpoint.set("num_hidden_layers", value),
        "num_hidden_layers",
        found,
        "an integer from 1 to");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "vocab_size",
        "hidden_size",
        "intermediate_size",
        "num_attention_heads",
        "num_key_value_heads",
        "head_dim",
        "max_position_embeddings",
      })
  void sizesAreInRange(String key) throws IOException {
    for (String value :
        List.of("0", "-64", "2147483648", "18446744073709551616", "64.5", "\"64\"", "[]")) {
      assertConfigRefused(
          checkpoint.set(key, value),
          key + " is " + value.replace("\"", ""),
          "expected an integer from");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "vocab_size",
        "hidden_size",
        "intermediate_size",
        "num_attention_heads",
        "num_hidden_layers"
      })
  void sizesAreThere(String key) throws IOException {
    assertConfigRefused(checkpoint.remove(key), key + " is missing");
  }

  @Test
  void headDimIsEven() throws IOException {
    assertConfigRefused(checkpoint.set("head_dim", "63"), "head_dim is 63", "even");
  }

  @ParameterizedTest // 38
  @CsvSource(
      delimiter = '|',
      value = {
        "hidden_size         | 128 | model.embed_tokens.weight has shape [64, 64] | [64, 128]",
        "vocab_size          | 65  | model.embed_tokens.weight has shape [64, 64] | [65, 64]",
        "intermediate_size   | 128 | model.layers.0.mlp.gate_proj.weight has shape [64, 64] | [128, 64]",
        "num_key_value_heads | 4   | model.layers.1.self_attn.v_proj.weight has shape [128, 64] | [256, 64]",
        "num_attention_heads | 2   | model.layers.0.self_attn.o_proj.weight has shape [64, 256] | [64, 128]",
        "head_dim            | 32  | model.layers.0.self_attn.q_norm.weight has shape [64] | [32]",
      })
  void shapesAreThoseOfTheConfig(String key, String value, String found, String expected)
      throws IOException {
    assertWeightsRefused(checkpoint.set(key, value), found, expected);
  }

  @Test // 38
  void aTransposedMatrixIsFound() throws IOException {
    assertWeightsRefused(
        checkpoint.replace("model.layers.1.self_attn.k_proj.weight", DType.BF16, 64, 128),
        "model.layers.1.self_attn.k_proj.weight has shape [64, 128]",
        "[128, 64]");
  }

  @ParameterizedTest // 38
  @ValueSource(strings = {"", "64", "64,1", "1,64", "0,64"})
  void aNormIsAVectorAndAMatrixAMatrix(String dimensions) throws IOException {
    long[] shape =
        dimensions.isEmpty()
            ? new long[0]
            : List.of(dimensions.split(",")).stream().mapToLong(Long::parseLong).toArray();
    String name = shape.length == 1 ? "model.embed_tokens.weight" : "model.norm.weight";
    assertWeightsRefused(checkpoint.replace(name, DType.BF16, shape), name + " has shape", "64]");
  }

  @ParameterizedTest // 39
  @CsvSource({"longrope", "dynamic", "proportional", "''", "YARN"})
  void ropeTypeIsKnown(String type) throws IOException {
    String rope =
        "{\"rope_type\": \"%s\", \"factor\": 4.0, \"original_max_position_embeddings\": 32}"
            .formatted(type);
    assertConfigRefused(
        checkpoint.set("rope_scaling", rope), "rope_scaling", "rope_type is " + type, "yarn");
    checkpoint.remove("rope_scaling").remove("rope_theta");
    assertConfigRefused(
        checkpoint.set("rope_parameters", rope), "rope_parameters", "rope_type is " + type, "yarn");
  }

  @ParameterizedTest // 39
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"rope_type\": \"yarn\", \"original_max_position_embeddings\": 32} | factor is missing",
        "{\"rope_type\": \"yarn\", \"factor\": 4.0} | original_max_position_embeddings is missing",
        "{\"type\": \"yarn\", \"factor\": 4.0} | original_max_position_embeddings is missing",
        "{\"rope_type\": \"yarn\", \"factor\": 0, \"original_max_position_embeddings\": 32} | factor is 0",
        "{\"rope_type\": \"yarn\", \"factor\": 0.5, \"original_max_position_embeddings\": 32} | factor is 0.5",
        "{\"rope_type\": \"yarn\", \"factor\": \"4\", \"original_max_position_embeddings\": 32} | factor is 4, expected a finite number",
        "{\"rope_type\": \"yarn\", \"factor\": 4, \"original_max_position_embeddings\": 0} | original_max_position_embeddings is 0",
        "{\"rope_type\": \"yarn\", \"factor\": 4, \"original_max_position_embeddings\": 1.5} | original_max_position_embeddings is 1.5",
        "{\"rope_type\": \"yarn\", \"factor\": 4, \"original_max_position_embeddings\": 32, \"beta_fast\": 0} | beta_fast is 0",
        "{\"rope_type\": \"yarn\", \"factor\": 4, \"original_max_position_embeddings\": 32, \"attention_factor\": -1} | attention_factor is -1",
        "{\"rope_type\": \"yarn\", \"factor\": 4, \"original_max_position_embeddings\": 32, \"truncate\": 1} | truncate is 1",
        "{\"rope_type\": \"linear\"} | factor is missing",
        "{\"rope_type\": \"llama3\", \"factor\": 4, \"original_max_position_embeddings\": 32, \"high_freq_factor\": 4} | low_freq_factor is missing",
        "{\"rope_type\": \"llama3\", \"factor\": 4, \"original_max_position_embeddings\": 32, \"low_freq_factor\": 4, \"high_freq_factor\": 4} | high_freq_factor is 4.0, expected more than low_freq_factor",
        "{\"rope_type\": \"llama3\", \"factor\": 4, \"low_freq_factor\": 1, \"high_freq_factor\": 4} | original_max_position_embeddings is missing",
        "{\"rope_type\": 7} | rope_type is 7",
        "\"yarn\" | rope_scaling is yarn, expected an object",
        "[] | rope_scaling is [], expected an object",
      })
  void ropeScalingIsWhole(String rope, String text) throws IOException {
    assertConfigRefused(checkpoint.set("rope_scaling", rope), "rope_scaling", text, "expected");
  }

  @ParameterizedTest // 40
  @ValueSource(strings = {"rms_norm_eps", "rope_theta"})
  void epsAndThetaArePositive(String key) throws IOException {
    for (String value : List.of("0", "0.0", "-0.0", "-1", "1e999", "-1e999", "\"NaN\"", "true")) {
      assertConfigRefused(
          checkpoint.set(key, value), key + " is", "expected a finite number above 0");
    }
    for (String notJson : List.of("NaN", "Infinity", "-Infinity")) {
      assertConfigRefused(checkpoint.set(key, notJson), "not valid JSON", "line");
    }
  }

  @ParameterizedTest // 40: what is positive in 64 bits must be so in 32
  @CsvSource({"rms_norm_eps, 1e-60", "rms_norm_eps, 1e60"})
  void epsIsAFloat(String key, String value) throws IOException {
    assertConfigRefused(checkpoint.set(key, value), key + " is", "expected");
  }

  @ParameterizedTest // 40
  @ValueSource(strings = {"1", "0.5"})
  void thetaIsAboveOne(String theta) throws IOException {
    assertConfigRefused(checkpoint.set("rope_theta", theta), "rope_theta is", "expected");
  }

  @ParameterizedTest // 41
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"quant_method\": \"bitsandbytes\", \"bits\": 4} | bitsandbytes",
        "{\"bits\": 4} | (none)",
        "{\"quant_method\": 4} | quant_method is 4",
        "\"fp8\" | quantization_config is fp8",
      })
  void unknownQuantizationIsRefused(String quantization, String found) throws IOException {
    assertConfigRefused(
        checkpoint.set("quantization_config", quantization),
        "quantization_config",
        found,
        "expected");
  }

  @Test // 42
  void aMissingTensorIsNamed() throws IOException {
    assertWeightsRefused(
        checkpoint.without("model.layers.1.mlp.up_proj.weight"),
        "1 tensor",
        "model.layers.1.mlp.up_proj.weight");
  }

  @Test // 42
  void ofManyMissingTensorsTheFirstTenAreNamedAndAllCounted() throws IOException {
    assertWeightsRefused(
        checkpoint.set("num_hidden_layers", "4"),
        "22 tensors",
        "model.layers.2.input_layernorm.weight",
        "and 12 more");
  }

  @Test // 42
  void anUntiedHeadIsNeeded() throws IOException {
    assertWeightsRefused(checkpoint.set("tie_word_embeddings", "false"), "lm_head.weight");
  }

  @Test // 42
  void biasesAreNeededWhereTheConfigSaysSo() throws IOException {
    assertWeightsRefused(
        checkpoint.set("attention_bias", "true"),
        "8 tensors",
        "model.layers.0.self_attn.q_proj.bias");
  }

  @Test // 42
  void anUnexpectedTensorIsAWarning() throws IOException {
    LogOfTests.take();
    load(checkpoint);
    assertThat(LogOfTests.take()).isEmpty();
    load(checkpoint.add("model.layers.7.rotary_emb.inv_freq", DType.F32, 32));
    assertThat(LogOfTests.take())
        .singleElement()
        .asString()
        .startsWith("WARNING")
        .contains("1 tensor", "model.layers.7.rotary_emb.inv_freq");
  }

  @ParameterizedTest // 14
  @CsvSource({"C64", "F64", "I64", "F8_E4M3", "I8", "BOOL"})
  void dtypesAreThoseOfQwen3(DType dtype) throws IOException {
    String name = "model.layers.0.self_attn.q_norm.weight";
    assertWeightsRefused(
        checkpoint.replace(name, dtype, 64),
        "dtype " + dtype,
        name,
        "not supported for Qwen3",
        "BF16, F16 or F32");
  }

  @Test
  void otherActivationsAreRefused() throws IOException {
    assertConfigRefused(checkpoint.set("hidden_act", "\"gelu\""), "hidden_act is gelu", "silu");
  }

  @Test
  void slidingWindowsAreRefused() throws IOException {
    checkpoint.set("sliding_window", "4096");
    load(checkpoint); // as long as it is not used
    load(checkpoint.set("use_sliding_window", "true").set("max_window_layers", "2")); // by no layer
    checkpoint.set("max_window_layers", "1");
    assertConfigRefused(
        checkpoint,
        "use_sliding_window is true",
        "max_window_layers of at least num_hidden_layers");
    assertConfigRefused(checkpoint.remove("sliding_window"), "use_sliding_window is true");
    load(checkpoint.set("sliding_window", "null"));
    checkpoint.set("use_sliding_window", "false");
    assertConfigRefused(
        checkpoint.set("layer_types", "[\"full_attention\", \"sliding_attention\"]"),
        "layer_types is sliding_attention",
        "full_attention");
  }

  @ParameterizedTest
  @CsvSource({
    "eos_token_id, -1",
    "eos_token_id, '\"x\"'",
    "eos_token_id, '[1, 2.5]'",
    "bos_token_id, 99999999999"
  })
  void endOfTextIsAnIdOrSeveral(String key, String value) throws IOException {
    assertConfigRefused(checkpoint.set(key, value), key + " is", "token id");
  }

  @ParameterizedTest
  @CsvSource({"attention_bias, 1", "tie_word_embeddings, '\"true\"'", "use_sliding_window, 0"})
  void flagsAreTrueOrFalse(String key, String value) throws IOException {
    assertConfigRefused(
        checkpoint.set(key, value), key + " is " + value.replace("\"", ""), "true or false");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[]",
        "null",
        "7",
        "\"qwen3\"",
        "",
        " ",
        "{",
        "{\"model_type\": \"qwen3\"",
        "{} {}",
        "{}x",
        "\u0000"
      })
  void configIsOneJsonObject(String text) throws IOException {
    assertConfigRefused(checkpoint.writeConfig(text), "JSON");
  }

  @Test
  void noKeyStandsTwice() throws IOException {
    String text = Files.readString(checkpoint.config());
    assertConfigRefused(
        checkpoint.writeConfig(text.replaceFirst("\\{", "{\"hidden_size\": 64,")),
        "hidden_size",
        "uplicate",
        "line");
  }

  @Test
  void nestingIsLimited() throws IOException {
    assertConfigRefused(checkpoint.set("extra", "[".repeat(100_000) + "]".repeat(100_000)), "nest");
  }

  @Test
  void numbersAndFilesAreLimited() throws IOException {
    assertConfigRefused(
        checkpoint.set("hidden_size", "6".repeat(100_000)), "not valid JSON", "Number");
    assertConfigRefused(
        checkpoint.writeConfig(" ".repeat((4 << 20) + 1)), "4194305 bytes", "at most 4194304");
  }

  @Test
  void configIsUtf8() throws IOException {
    Files.write(
        checkpoint.config(), new byte[] {'{', '"', (byte) 0xff, (byte) 0xfe, '"', ':', '1', '}'});
    assertConfigRefused(checkpoint, "not valid JSON", "UTF-8");
  }

  @Test
  void aFileThatIsCutOffIsRefusedInWordsForPeople() throws IOException {
    Files.writeString(checkpoint.config(), "{\"model_type\": \"qwen3\", \"vocab_size\":");
    assertThatThrownBy(() -> load(checkpoint))
        .isExactlyInstanceOf(ModelFormatException.class)
        .hasMessageContaining("not valid JSON: Unexpected end-of-input")
        .hasMessageEndingWith("(line 1, column 38)");
    Files.writeString(checkpoint.config(), "{\"layer_types\": [}");
    assertThatThrownBy(() -> load(checkpoint))
        .hasMessageEndingWith("Unexpected close marker '}': expected ']' (line 1, column 18)");
  }

  @Test // as transformers: null is as many as query heads, absent is 32
  void keyValueHeadsThatAreNotThere() throws IOException {
    assertConfigRefused(
        checkpoint.remove("num_key_value_heads"),
        "num_attention_heads 4 is not a multiple of num_key_value_heads 32");
    checkpoint.set("num_key_value_heads", "null");
    assertThatThrownBy(() -> load(checkpoint))
        .hasMessageContainingAll("k_proj.weight has shape", "config.json says [256, 64]");
  }

  @Test
  void filesAreThere() throws IOException {
    Path nowhere = temporary.resolve("nowhere");
    assertThatThrownBy(() -> Engine.load(nowhere, OPTIONS).close())
        .isExactlyInstanceOf(ModelFormatException.class)
        .hasMessageContaining(nowhere.toString());
    Files.delete(checkpoint.folder().resolve("model.safetensors"));
    assertThatThrownBy(() -> load(checkpoint))
        .isExactlyInstanceOf(SafetensorsException.class)
        .hasMessageContainingAll(checkpoint.folder().toString(), "model.safetensors");
    Files.delete(checkpoint.config());
    assertConfigRefused(checkpoint, "no such file");
    Files.createDirectory(checkpoint.config());
    assertConfigRefused(checkpoint, "not a regular file");
  }

  /** Whatever stands under a key: the checkpoint loads, or the message names the file. */
  @Test
  void anyValueUnderAnyKeyLoadsOrIsRefused() throws IOException {
    List<String> values =
        List.of(
            "null",
            "true",
            "false",
            "0",
            "-0",
            "1",
            "-1",
            "2",
            "3",
            "7",
            "64",
            "127",
            "1024",
            "4096",
            "65536",
            "1048576",
            "16777216",
            "2147483647",
            "2147483648",
            "-9223372036854775809",
            "0.5",
            "-1.5",
            "1e-320",
            "1e38",
            "1e39",
            "1e308",
            "1e309",
            "\"\"",
            "\"qwen3\"",
            "[]",
            "[1]",
            "[null]",
            "[[1]]",
            "[\"x\"]",
            "{}",
            "{\"rope_type\": \"yarn\", \"factor\": 1e300, \"original_max_position_embeddings\": 1}",
            "{\"full_attention\": 1}",
            "{\"full_attention\": {}}",
            "{\"full_attention\": null}");
    String original = Files.readString(checkpoint.config());
    List<String> keys = new ArrayList<>(checkpoint.values().keySet());
    keys.addAll(List.of("rope_parameters", "quantization_config", "layer_types", "dtype"));
    for (String key : keys) {
      for (String value : values) {
        assertLoadsOrIsRefused(checkpoint.writeConfig(original).set(key, value));
      }
    }
  }

  @Test
  void anyDamageToTheConfigLoadsOrIsRefused() throws IOException {
    SplittableRandom random = new SplittableRandom(42);
    byte[] original = Files.readAllBytes(checkpoint.config());
    String alphabet = "{}[]\":,.-+eE0123456789 \\tfnu\n\u0000";
    for (int i = 0; i < 2000; i++) {
      byte[] damaged = original.clone();
      for (int n = random.nextInt(1, 5); n > 0; n--) {
        damaged[random.nextInt(damaged.length)] =
            random.nextBoolean()
                ? (byte) alphabet.charAt(random.nextInt(alphabet.length()))
                : (byte) random.nextInt();
      }
      Files.write(checkpoint.config(), damaged);
      assertLoadsOrIsRefused(checkpoint);
    }
  }

  private static void assertLoadsOrIsRefused(CheckpointEditor checkpoint) throws IOException {
    try {
      load(checkpoint);
    } catch (ModelFormatException e) {
      assertThat(e).hasMessageContaining(checkpoint.folder().toString());
    } catch (RuntimeException | Error e) {
      throw new AssertionError(
          "with the config\n" + Files.readString(checkpoint.config(), StandardCharsets.ISO_8859_1),
          e);
    }
  }
}
