package io.github.nextclass.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.nextclass.safetensors.DType;
import io.github.nextclass.safetensors.Tensor;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Quantised checkpoints that are wrong in one place: numbers 41 and 43 of the list of bad inputs,
 * and their kin.
 */
class BadQuantizationTest {
  private static final EngineOptions OPTIONS = EngineOptions.defaults().withThreads(1);
  private static final String Q_PROJ = "model.layers.0.self_attn.q_proj";
  private static final String DOWN_PROJ = "model.layers.0.mlp.down_proj";

  private static final String FP8 =
      """
      {"quant_method": "fp8", "fmt": "e4m3", "activation_scheme": "dynamic",
       "weight_block_size": [128, 128]}\
      """;
  private static final String GPTQ =
      """
      {"quant_method": "gptq", "bits": 4, "group_size": 128, "sym": true, "desc_act": false,
       "lm_head": false, "checkpoint_format": "gptq", "pack_dtype": "int32"}\
      """;
  private static final String AWQ =
      """
      {"quant_method": "awq", "bits": 4, "group_size": 128, "zero_point": true,
       "version": "gemm", "modules_to_not_convert": null}\
      """;

  @TempDir private Path temporary;

  private CheckpointEditor copy(String golden) throws IOException {
    return CheckpointEditor.copy(golden, temporary);
  }

  private static void assertRefused(CheckpointEditor bad, String... texts) {
    assertThatThrownBy(() -> Engine.load(bad.folder(), OPTIONS).close())
        .isExactlyInstanceOf(ModelFormatException.class)
        .message()
        .startsWith(bad.folder().toString())
        .contains(List.of(texts));
  }

  // ------------------------------------------------------------------ config.json

  @ParameterizedTest // 41
  @CsvSource(
      delimiter = '|',
      value = {
        "fp8 | \"fmt\": \"e4m3\" | \"fmt\": \"e5m2\" | fmt is e5m2, expected e4m3",
        "fp8 | \"dynamic\" | \"static\" | activation_scheme is static, expected dynamic",
        "fp8 | [128, 128] | [64, 64] | weight_block_size is [64, 64], expected [128, 128]",
        "fp8 | [128, 128] | [128] | weight_block_size is [128], expected [128, 128]",
        "fp8 | [128, 128] | null | weight_block_size is [], expected [128, 128]",
        "fp8 | [128, 128] | [-128, 128] | weight_block_size is [-128, 128], expected [128, 128]",
        "fp8 | [128, 128] | \"all\" | weight_block_size is all, expected [128, 128]",
        "gptq | \"bits\": 4 | \"bits\": 3 | bits is 3, expected 4 or 8",
        "gptq | \"bits\": 4 | \"bits\": 2 | bits is 2, expected 4 or 8",
        "gptq | \"bits\": 4 | \"bits\": 16 | bits is 16, expected an integer from 2 to 8",
        "gptq | \"bits\": 4 | \"bits\": \"4\" | bits is 4, expected an integer",
        "gptq | \"bits\": 4 | \"bits\": null | bits is missing, expected an integer",
        "gptq | \"group_size\": 128 | \"group_size\": 96 | group_size is 96, expected -1, 32, 64, 128",
        "gptq | \"group_size\": 128 | \"group_size\": 0 | group_size is 0, expected -1, 32, 64, 128",
        "gptq | \"group_size\": 128 | \"group_size\": null | group_size is missing",
        "gptq | \"group_size\": 128 | \"group_size\": -2 | group_size is -2, expected",
        "gptq | \"sym\": true | \"sym\": 1 | sym is 1, expected true or false",
        "gptq | \"desc_act\": false | \"desc_act\": \"no\" | desc_act is no, expected true or false",
        "gptq | \"lm_head\": false | \"lm_head\": true | lm_head is true, expected false",
        "gptq | \"lm_head\": false | \"dynamic\": {\"-:a\": {}} | dynamic is not empty, expected the same",
        "gptq | \"gptq\", \"pack | \"marlin\", \"pack | checkpoint_format is marlin, expected gptq or gptq_v2",
        "gptq | int32 | int16 | pack_dtype is int16, expected int32",
        "awq | \"bits\": 4 | \"bits\": 8 | bits is 8, expected 4",
        "awq | \"group_size\": 128 | \"group_size\": 100 | group_size is 100, expected",
        "awq | \"zero_point\": true | \"zero_point\": false | zero_point is false, expected true",
        "awq | gemm | gemv | version is gemv, expected gemm",
      })
  void whatCannotBeRunIsRefusedByItsKey(String method, String from, String to, String message)
      throws IOException {
    String config = method.equals("fp8") ? FP8 : method.equals("gptq") ? GPTQ : AWQ;
    assertThat(config).contains(from);
    CheckpointEditor checkpoint = copy("gqa-tied-bf16");
    checkpoint.set("quantization_config", config.replace(from, to));
    assertRefused(checkpoint, "config.json: quantization_config: ", message);
  }

  @Test
  void aConfigOfAnotherMethodIsMissed() throws IOException {
    CheckpointEditor checkpoint = copy("gptq-int4-v1").set("quantization_config", AWQ);
    assertRefused(
        checkpoint, Q_PROJ + ".qweight has shape [32, 128]", "config.json says [256, 16]");
    checkpoint.set("quantization_config", FP8);
    assertRefused(checkpoint, "lacks 14 tensors", Q_PROJ + ".weight", Q_PROJ + ".weight_scale_inv");
    checkpoint.set("quantization_config", "null");
    assertRefused(checkpoint, "lacks 7 tensors", Q_PROJ + ".weight");
  }

  // ------------------------------------------------------------------ FP8

  @Test // 43
  void fp8HasScales() throws IOException {
    assertRefused(
        copy("fp8").without(Q_PROJ + ".weight_scale_inv"),
        "lacks 1 tensor",
        Q_PROJ + ".weight_scale_inv");
  }

  @ParameterizedTest // 43
  @ValueSource(strings = {"1,1", "2,1", "2,2", "1,3", "2"})
  void fp8HasAScaleForEachBlock(String dimensions) throws IOException {
    long[] shape = List.of(dimensions.split(",")).stream().mapToLong(Long::parseLong).toArray();
    assertRefused( // a matrix [128, 192]
        copy("fp8").replace(Q_PROJ + ".weight_scale_inv", DType.BF16, shape),
        Q_PROJ + ".weight_scale_inv has shape [" + dimensions.replace(",", ", ") + "]",
        "config.json says [1, 2]");
  }

  @ParameterizedTest
  @CsvSource({"weight, I8, F8_E4M3", "weight, F8_E5M2, F8_E4M3", "weight_scale_inv, F64, BF16"})
  void fp8HasItsTypes(String part, DType dtype, String expected) throws IOException {
    String name = Q_PROJ + "." + part;
    long[] shape = part.equals("weight") ? new long[] {128, 192} : new long[] {1, 2};
    assertRefused(
        copy("fp8").replace(name, dtype, shape), "dtype " + dtype + " of " + name, expected);
  }

  @ParameterizedTest
  @CsvSource({"7f80, Infinity", "ff80, -Infinity", "7fc0, NaN"})
  void fp8ScalesAreFinite(String bits, String found) throws IOException {
    String name = DOWN_PROJ + ".weight_scale_inv";
    assertRefused(
        edited(copy("fp8"), name, bytes -> bytes.putShort(4, (short) Integer.parseInt(bits, 16))),
        name + " holds " + found + " at index 2, expected finite scales");
  }

  @Test
  void theHeadIsInFloats() throws IOException {
    assertRefused(
        copy("fp8").replace("lm_head.weight", DType.F8_E4M3, 40, 192),
        "dtype F8_E4M3 of lm_head.weight",
        "expected BF16, F16 or F32");
  }

  // ------------------------------------------------------------------ GPTQ and AWQ: shapes and
  // types

  @ParameterizedTest // 43
  @ValueSource(strings = {"qweight", "qzeros", "scales", "g_idx"})
  void gptqIsWhole(String part) throws IOException {
    assertRefused(
        copy("gptq-int4-v1").without(Q_PROJ + "." + part), "lacks 1 tensor", Q_PROJ + "." + part);
  }

  @ParameterizedTest
  @ValueSource(strings = {"qweight", "qzeros", "scales"})
  void awqIsWhole(String part) throws IOException {
    assertRefused(copy("awq").without(Q_PROJ + "." + part), "lacks 1 tensor", Q_PROJ + "." + part);
  }

  @ParameterizedTest
  @CsvSource({
    "gptq-int4-v1, qweight, '[32, 128]'",
    "gptq-int4-v1, qzeros, '[2, 16]'",
    "gptq-int4-v1, scales, '[2, 128]'",
    "gptq-int4-v1, g_idx, '[256]'",
    "gptq-int8-v1-act, qweight, '[16, 128]'",
    "awq, qweight, '[256, 16]'",
    "awq, qzeros, '[2, 16]'",
    "awq, scales, '[2, 128]'",
  })
  void shapesAndTypesAreThoseOfTheFormat(String golden, String part, String shape)
      throws IOException {
    String name = Q_PROJ + "." + part;
    CheckpointEditor checkpoint = copy(golden);
    long[] right =
        List.of(shape.substring(1, shape.length() - 1).split(", ")).stream()
            .mapToLong(Long::parseLong)
            .toArray();
    assertRefused(
        checkpoint.replace(name, DType.U8, right),
        "dtype U8 of " + name,
        part.equals("scales") ? "BF16, F16 or F32" : "expected I32");
    assertRefused(
        checkpoint.replace(name, DType.I32, 3, 5),
        name + " has shape [3, 5]",
        "config.json says " + shape);
  }

  @ParameterizedTest
  @CsvSource({"gptq-int4-v1, 192", "awq, 192"})
  void inputsAreWholeGroups(String golden, String hiddenSize) throws IOException {
    assertRefused(
        copy(golden).set("hidden_size", hiddenSize),
        Q_PROJ + " has 192 inputs, expected a multiple of group_size 128");
  }

  @Test
  void outputsFillWords() throws IOException {
    assertRefused(
        copy("gptq-int4-asym").set("intermediate_size", "66"),
        "model.layers.0.mlp.gate_proj has 64 inputs and 66 outputs, expected multiples of 8");
  }

  @Test
  void bitsAreThoseOfTheConfig() throws IOException {
    CheckpointEditor checkpoint = copy("gptq-int4-v1");
    checkpoint.set("quantization_config", GPTQ.replace("\"bits\": 4", "\"bits\": 8"));
    assertRefused(
        checkpoint, Q_PROJ + ".qweight has shape [32, 128]", "config.json says [64, 128]");
  }

  @Test
  void groupsAreThoseOfTheConfig() throws IOException {
    CheckpointEditor checkpoint = copy("gptq-int4-v1");
    checkpoint.set("quantization_config", GPTQ.replace("128", "64"));
    assertRefused(checkpoint, Q_PROJ + ".qzeros has shape [2, 16]", "config.json says [4, 16]");
  }

  // ------------------------------------------------------------------ GPTQ and AWQ: values

  @ParameterizedTest // 43
  @ValueSource(ints = {-1, 2, Integer.MAX_VALUE, Integer.MIN_VALUE})
  void groupsAreInRange(int group) throws IOException {
    for (String golden : List.of("gptq-int4-v1", "gptq-int4-v2-act")) { // both have two groups here
      assertRefused(
          edited(copy(golden), Q_PROJ + ".g_idx", bytes -> bytes.putInt(4 * 50, group)),
          Q_PROJ + ".g_idx holds " + group + " at index 50, expected 0 to 1");
    }
  }

  @Test // 43
  void groupsAreRunsUnlessTheConfigSaysOtherwise() throws IOException {
    assertRefused(
        edited(copy("gptq-int4-v1"), Q_PROJ + ".g_idx", bytes -> bytes.putInt(4 * 50, 1)),
        Q_PROJ + ".g_idx holds 1 at index 50, expected 0 since desc_act is false");
    CheckpointEditor act = copy("gptq-int4-v2-act");
    String config = Objects.requireNonNull(act.values().get("quantization_config"));
    act.set("quantization_config", config.replace("\"desc_act\": true", "\"desc_act\": false"));
    assertRefused(act, Q_PROJ + ".g_idx holds ", "since desc_act is false");
  }

  @ParameterizedTest // 43
  @CsvSource({"gptq-int4-v1, 5", "gptq-int4-v1, 8", "gptq-int4-v2-act, 7", "gptq-int8-v1-act, 128"})
  void zeroPointsOfASymmetricMatrixAreOne(String golden, int zero) throws IOException {
    int bits = golden.contains("int8") ? 8 : 4;
    int middle = 1 << (bits - 1);
    assertRefused( // the second output
        edited(
            copy(golden),
            Q_PROJ + ".qzeros",
            bytes -> {
              int word = bytes.getInt(0);
              int mask = ((1 << bits) - 1) << bits;
              bytes.putInt(0, (word & ~mask) | (zero << bits));
            }),
        Q_PROJ + ".qzeros holds " + zero + " for group 0 and output 1",
        "expected all " + (middle - 1) + " (v1) or all " + middle + " (v2)");
  }

  @Test
  void zeroPointsFarFromTheMiddleAreNoConvention() throws IOException {
    assertRefused(
        edited(copy("gptq-int4-v1"), Q_PROJ + ".qzeros", bytes -> fill(bytes, 0x33333333)),
        Q_PROJ + ".qzeros holds 3 for group 0 and output 0, expected all 7 (v1) or all 8 (v2)");
  }

  @Test // 43
  void oneCheckpointHasOneConvention() throws IOException {
    assertRefused(
        edited(copy("gptq-int4-v1"), DOWN_PROJ + ".qzeros", bytes -> fill(bytes, 0x88888888)),
        DOWN_PROJ + ".qzeros and " + Q_PROJ + ".qzeros mix the two conventions");
  }

  @ParameterizedTest // 43
  @CsvSource({
    "awq, 7c00, Infinity",
    "awq, fe00, NaN",
    "gptq-int4-v1, fc00, -Infinity",
    "gptq-int8-v1-act, 7e00, NaN"
  })
  void scalesAreFinite(String golden, String bits, String found) throws IOException {
    String name = DOWN_PROJ + ".scales";
    assertRefused(
        edited(copy(golden), name, bytes -> bytes.putShort(6, (short) Integer.parseInt(bits, 16))),
        name + " holds " + found + " at index 3, expected finite scales");
  }

  // ------------------------------------------------------------------ tools

  private interface Damage {
    void to(ByteBuffer bytes);
  }

  private static CheckpointEditor edited(CheckpointEditor checkpoint, String name, Damage damage)
      throws IOException {
    return checkpoint.rewrite((writer, tensor) ->
        writer.add(
            tensor.name(),
            tensor.dtype(),
            tensor.shape(),
            tensor.name().equals(name) ? damaged(tensor, damage) : bytes(tensor)));
  }

  private static byte[] damaged(Tensor tensor, Damage damage) {
    byte[] bytes = bytes(tensor);
    damage.to(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN));
    return bytes;
  }

  private static byte[] bytes(Tensor tensor) {
    return tensor.segment().toArray(ValueLayout.JAVA_BYTE);
  }

  private static void fill(ByteBuffer bytes, int word) {
    for (int at = 0; at < bytes.capacity(); at += Integer.BYTES) {
      bytes.putInt(at, word);
    }
  }
}
