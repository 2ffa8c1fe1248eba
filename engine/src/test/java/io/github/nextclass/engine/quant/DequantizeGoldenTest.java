package io.github.nextclass.engine.quant;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nextclass.engine.QuantizationConfig.Awq;
import io.github.nextclass.engine.QuantizationConfig.Blocks;
import io.github.nextclass.engine.QuantizationConfig.Fp8;
import io.github.nextclass.engine.QuantizationConfig.Gptq;
import io.github.nextclass.engine.Qwen3Config;
import io.github.nextclass.engine.quant.GptqMatrix.ZeroPoints;
import io.github.nextclass.safetensors.Safetensors;
import io.github.nextclass.safetensors.Tensor;
import io.github.nextclass.safetensors.TensorSource;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every dequantised value is that of the reference formulas, to the bit: the digests were made by
 * {@code scripts/make_quant_goldens.py}.
 */
class DequantizeGoldenTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden");
  private static final Pattern ENTRY = Pattern.compile("\"(.+)\\.weight\": \"([0-9a-f]{64})\"");

  @ParameterizedTest
  @ValueSource(
      strings = {
        "fp8",
        "fp8-f32-scales",
        "gptq-int4-v1",
        "gptq-int4-v2-act",
        "gptq-int8-v2-labelled-v1",
        "gptq-int8-v1-act",
        "gptq-int4-asym",
        "awq",
        "q4",
        "q8"
      })
  void valuesAreThoseOfTheReference(String name) throws IOException {
    Path folder = GOLDEN.resolve(name);
    Qwen3Config config = Qwen3Config.read(folder.resolve("config.json"));
    List<MatchResult> digests =
        ENTRY.matcher(Files.readString(folder.resolve("dequantized.json"))).results().toList();
    assertThat(digests).hasSizeGreaterThanOrEqualTo(6);
    try (TensorSource tensors = Safetensors.open(folder)) {
      for (MatchResult entry : digests) {
        StoredMatrix matrix = matrix(tensors, entry.group(1), config);
        assertThat(digest(matrix)).as(entry.group(1)).isEqualTo(entry.group(2));
        List<String> problems = new ArrayList<>();
        matrix.check(problems::add);
        assertThat(problems).isEmpty();
        if (matrix instanceof GroupedMatrix grouped) {
          assertRowMajorFormIsTheSame(grouped);
        }
      }
    }
  }

  private static StoredMatrix matrix(TensorSource tensors, String name, Qwen3Config config)
      throws IOException {
    return switch (Objects.requireNonNull(config.quantization())) {
      case Blocks blocks -> {
        boolean gate = name.endsWith("gate_proj") || name.endsWith("up_proj");
        Tensor tensor = tensors.tensor(name + ".weight");
        int rows = gate ? config.intermediateSize() : rows(name, config);
        int columns = Math.toIntExact(tensor.shape()[1]) * BlockMatrix.BLOCK;
        yield new BlockMatrix(name, tensor.segment(), blocks.bits(), rows, columns);
      }
      case Fp8 fp8 ->
          new Fp8Matrix(
              tensors.tensor(name + ".weight"), tensors.tensor(name + ".weight_scale_inv"));
      case Gptq gptq -> {
        Tensor qzeros = tensors.tensor(name + ".qzeros");
        yield new GptqMatrix(
            tensors.tensor(name + ".qweight"),
            qzeros,
            tensors.tensor(name + ".scales"),
            tensors.tensor(name + ".g_idx"),
            gptq.bits(),
            gptq.sym() ? ZeroPoints.of(qzeros, gptq.bits()) : ZeroPoints.LESS_ONE,
            gptq.sym(),
            !gptq.descAct());
      }
      case Awq awq ->
          new AwqMatrix(
              tensors.tensor(name + ".qweight"),
              tensors.tensor(name + ".qzeros"),
              tensors.tensor(name + ".scales"));
    };
  }

  /** Shapes of q4 and q8 hold panels of outputs, the last of which may be part empty. */
  private static int rows(String name, Qwen3Config config) {
    if (name.endsWith("embed_tokens") || name.endsWith("lm_head")) {
      return config.vocabSize();
    }
    if (name.endsWith("q_proj")) {
      return config.queryWidth();
    }
    return name.endsWith("k_proj") || name.endsWith("v_proj")
        ? config.keyValueWidth()
        : config.hiddenSize();
  }

  private static String digest(StoredMatrix matrix) {
    ByteBuffer bytes =
        ByteBuffer.allocate(4 * matrix.rows() * matrix.columns()).order(ByteOrder.LITTLE_ENDIAN);
    float[] row = new float[matrix.columns() + 3];
    for (int r = 0; r < matrix.rows(); r++) {
      matrix.dequantizeRow(r, row, 3);
      for (int k = 0; k < matrix.columns(); k++) {
        bytes.putFloat(row[3 + k]);
      }
    }
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes.array()));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  private static void assertRowMajorFormIsTheSame(GroupedMatrix matrix) {
    int rowBytes = matrix.columns() * matrix.bits() / 8;
    MemorySegment copy = Arena.ofAuto().allocate((long) matrix.rows() * rowBytes);
    matrix.copyRowMajor(0, 16, copy); // in two parts, as two threads would
    matrix.copyRowMajor(16, matrix.rows(), copy);
    int perByte = 8 / matrix.bits();
    for (int r = 0; r < matrix.rows(); r++) {
      for (int k = 0; k < matrix.columns(); k++) {
        int cell = copy.get(ValueLayout.JAVA_BYTE, (long) r * rowBytes + k / perByte);
        int level = (cell >>> (k % perByte * matrix.bits())) & ((1 << matrix.bits()) - 1);
        assertThat(level).isEqualTo(matrix.level(r, k));
      }
    }
  }
}
