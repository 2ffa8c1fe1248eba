package io.github.nextclass.engine;

import io.github.nextclass.engine.QuantizationConfig.Awq;
import io.github.nextclass.engine.QuantizationConfig.Blocks;
import io.github.nextclass.engine.QuantizationConfig.Fp8;
import io.github.nextclass.engine.QuantizationConfig.Gptq;
import io.github.nextclass.engine.quant.Fp8Matrix;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Reads {@code quantization_config}. What the quantisers can write but the engine cannot run is
 * refused here, by the key that says it.
 */
final class QuantizationConfigReader {
  /** Those that GPU kernels know; -1 stands for a whole row. */
  private static final Set<Integer> GROUP_SIZES = Set.of(-1, 32, 64, 128, 256, 512, 1024);

  private QuantizationConfigReader() {}

  static QuantizationConfig read(JsonObject json) throws ModelFormatException {
    String method = json.string("quant_method", "(none)");
    return switch (method) {
      case "fp8" -> fp8(json);
      case "gptq" -> gptq(json);
      case "awq" -> awq(json);
      case Blocks.METHOD -> blocks(json);
      default -> throw json.wrong("quant_method", method, "fp8, gptq, awq or nextclass");
    };
  }

  private static Fp8 fp8(JsonObject json) throws ModelFormatException {
    expect(json, "fmt", "e4m3");
    expect(json, "activation_scheme", "dynamic"); // a static one comes with scales of activations
    List<Integer> block = List.of(Fp8Matrix.BLOCK, Fp8Matrix.BLOCK);
    List<Integer> found = json.integers("weight_block_size", block.toString());
    if (!found.equals(block)) {
      throw json.wrong("weight_block_size", found, block.toString());
    }
    return new Fp8();
  }

  private static Gptq gptq(JsonObject json) throws ModelFormatException {
    int bits = json.integer("bits", 2, 8);
    if (bits != 4 && bits != 8) {
      throw json.wrong("bits", bits, "4 or 8");
    }
    expect(json, "pack_dtype", "int32");
    if (json.bool("lm_head", false)) {
      throw json.wrong("lm_head", true, "false: the LM head is in floats");
    }
    if (json.hasEntries("dynamic")) {
      throw json.wrong("dynamic", "not empty", "the same bits and groups in all layers");
    }
    String format = json.string("checkpoint_format", "gptq");
    if (!format.equals("gptq") && !format.equals("gptq_v2")) {
      throw json.wrong("checkpoint_format", format, "gptq or gptq_v2");
    }
    return new Gptq(
        bits,
        groupSize(json),
        json.bool("sym", true),
        json.bool("desc_act", false),
        format.equals("gptq_v2"));
  }

  private static Awq awq(JsonObject json) throws ModelFormatException {
    if (json.integer("bits", 1, 16) != 4) {
      throw json.wrong("bits", json.integer("bits", 1, 16), "4");
    }
    String version = json.string("version", "gemm");
    if (!version.toLowerCase(Locale.ROOT).equals("gemm")) {
      throw json.wrong("version", version, "gemm");
    }
    if (!json.bool("zero_point", true)) {
      throw json.wrong("zero_point", false, "true");
    }
    return new Awq(groupSize(json));
  }

  private static Blocks blocks(JsonObject json) throws ModelFormatException {
    String format = json.string("format", "(none)");
    return switch (format) {
      case "q4" -> new Blocks(4);
      case "q8" -> new Blocks(8);
      default -> throw json.wrong("format", format, "q4 or q8");
    };
  }

  private static int groupSize(JsonObject json) throws ModelFormatException {
    int groupSize = json.integer("group_size", -1, Integer.MAX_VALUE);
    if (!GROUP_SIZES.contains(groupSize)) {
      throw json.wrong("group_size", groupSize, "-1, 32, 64, 128, 256, 512 or 1024");
    }
    return groupSize;
  }

  private static void expect(JsonObject json, String key, String only) throws ModelFormatException {
    String found = json.string(key, only);
    if (!found.equals(only)) {
      throw json.wrong(key, found, only);
    }
  }
}
