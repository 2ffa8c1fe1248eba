package io.github.nextclass.engine;

/**
 * How the matrices of the layers are stored: {@code quantization_config} of {@code config.json}.
 * Norms are floats in all of them, embeddings and LM head in all but the last. {@code toString}
 * describes it for a person.
 */
public sealed interface QuantizationConfig {

  /** 8-bit floats with a scale for each block of 128 x 128. */
  record Fp8() implements QuantizationConfig {
    @Override
    public String toString() {
      return "fp8 (E4M3, blocks of 128 x 128)";
    }
  }

  /**
   * Integers with scales and zero points, from GPTQ.
   *
   * @param bits 4 or 8
   * @param groupSize the inputs that share a scale; -1 for all
   * @param sym whether every zero point is the middle
   * @param descAct whether inputs were put into groups in order of activation
   * @param zerosAsStored whether {@code checkpoint_format} says v2; for a symmetric checkpoint the
   *     values say it
   */
  record Gptq(int bits, int groupSize, boolean sym, boolean descAct, boolean zerosAsStored)
      implements QuantizationConfig {
    @Override
    public String toString() {
      return "gptq ("
          + bits
          + " bits, "
          + groups(groupSize)
          + (sym ? ", symmetric" : ", asymmetric")
          + (descAct ? ", in order of activation)" : ")");
    }
  }

  /**
   * Integers of 4 bits with scales and zero points, from AWQ.
   *
   * @param groupSize the inputs that share a scale; -1 for all
   */
  record Awq(int groupSize) implements QuantizationConfig {
    @Override
    public String toString() {
      return "awq (4 bits, " + groups(groupSize) + ")";
    }
  }

  /**
   * NextClass's own: levels with a scale for each 32 inputs, embeddings and LM head included.
   *
   * @param bits 4 or 8
   */
  record Blocks(int bits) implements QuantizationConfig {
    /** The name in {@code quant_method}. */
    public static final String METHOD = "nextclass";

    @Override
    public String toString() {
      return "q" + bits + " (" + bits + " bits, blocks of 32)";
    }
  }

  private static String groups(int groupSize) {
    return groupSize == -1 ? "one group a row" : "groups of " + groupSize;
  }
}
