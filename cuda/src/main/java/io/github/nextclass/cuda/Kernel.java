package io.github.nextclass.cuda;

import java.util.Locale;

/**
 * The kernels of {@code src/main/cuda}: a name, and P (pointer), I, F or T (tensor map) for each
 * parameter.
 */
public enum Kernel {
  /** {@code rows.cuh}. */
  EMBED_BF16("PPPI"),
  /** {@code rows.cuh}. */
  EMBED_F32("PPPI"),
  /** {@code rows.cuh}. */
  EMBED_Q8("PPPI"),
  /** {@code choose.cuh}. */
  EMBED_CHOSEN_BF16("PPPPII"),
  /** {@code choose.cuh}. */
  EMBED_CHOSEN_F32("PPPPII"),
  /** {@code choose.cuh}. */
  EMBED_CHOSEN_Q8("PPPPII"),
  /** {@code choose.cuh}. */
  CHOOSE("PPPPPPIII"),
  /** {@code rows.cuh}. */
  RMS_NORM("PPFIP" + "PP"),
  /** {@code rows.cuh}. */
  HEAD_NORM("PPFIIP"),
  /** {@code rows.cuh}. */
  ROPE("PPII"),
  /** {@code rows.cuh}. */
  SILU_MUL("PPI" + "PP"),
  /** {@code rows.cuh}. */
  ADD("PPI"),
  /** {@code rows.cuh}. */
  GATHER("PPPI"),
  /** {@code linear.cuh}: one token. */
  LINEAR_BF16_1(Kernel.LINEAR),
  /** {@code linear.cuh}: up to eight tokens. */
  LINEAR_BF16_8(Kernel.LINEAR),
  /** {@code linear.cuh}: one token. */
  LINEAR_F32_1(Kernel.LINEAR),
  /** {@code linear.cuh}: up to eight tokens. */
  LINEAR_F32_8(Kernel.LINEAR),
  /** {@code linear.cuh}: one token. */
  LINEAR_Q8_1(Kernel.LINEAR),
  /** {@code linear.cuh}: up to eight tokens. */
  LINEAR_Q8_8(Kernel.LINEAR),
  /** {@code decode_linear.cuh}: 1,024 columns, up to four tokens. */
  DECODE_AT_ONCE_4_4_8(Kernel.DECODE),
  /** {@code decode_linear.cuh}: 2,048 columns, up to four tokens. */
  DECODE_AT_ONCE_1_8_8(Kernel.DECODE),
  /** {@code decode_linear.cuh}: 3,072 columns, up to four tokens. */
  DECODE_AT_ONCE_1_12_8(Kernel.DECODE),
  /** {@code decode_linear.cuh}: 1,024 columns, gate and up, up to four tokens. */
  DECODE_GATED_AT_ONCE_6_4_8(Kernel.DECODE),
  /** {@code decode_linear.cuh}: any columns, up to four tokens. */
  DECODE_IN_TURNS_4_8(Kernel.DECODE),
  /** {@code decode_linear.cuh}: any columns, few rows, up to four tokens. */
  DECODE_IN_TURNS_1_8(Kernel.DECODE),
  /** {@code decode_linear.cuh}: any columns, gate and up, up to four tokens. */
  DECODE_GATED_IN_TURNS_4_8(Kernel.DECODE),
  /** {@code decode_linear.cuh}: 1,024 columns, up to eight tokens. */
  DECODE_AT_ONCE_4_4_16(Kernel.DECODE),
  /** {@code decode_linear.cuh}: 2,048 columns, up to eight tokens. */
  DECODE_AT_ONCE_1_8_16(Kernel.DECODE),
  /** {@code decode_linear.cuh}: 3,072 columns, up to eight tokens. */
  DECODE_AT_ONCE_1_12_16(Kernel.DECODE),
  /** {@code decode_linear.cuh}: 1,024 columns, gate and up, up to eight tokens. */
  DECODE_GATED_AT_ONCE_6_4_16(Kernel.DECODE),
  /** {@code decode_linear.cuh}: any columns, up to eight tokens. */
  DECODE_IN_TURNS_4_16(Kernel.DECODE),
  /** {@code decode_linear.cuh}: any columns, few rows, up to eight tokens. */
  DECODE_IN_TURNS_1_16(Kernel.DECODE),
  /** {@code decode_linear.cuh}: any columns, gate and up, up to eight tokens. */
  DECODE_GATED_IN_TURNS_4_16(Kernel.DECODE),
  /** {@code pages.cuh}. */
  APPEND_TO_CACHE("PPPPPIII"),
  /** {@code attention.cuh}: heads of 64. */
  ATTENTION_64(Kernel.ATTENTION),
  /** {@code attention.cuh}: heads of 128. */
  ATTENTION_128(Kernel.ATTENTION),
  /** {@code gemm.cuh}. */
  SPLIT_ROWS("PPPI"),
  /** {@code gemm.cuh}. */
  SPLIT_NORM("PPFI" + "PP"),
  /** {@code batch.cuh}: 16 tokens and a tile of 32 rows. */
  BATCH_NARROW_16(Kernel.BATCH),
  /** {@code batch.cuh}: 32 tokens and a tile of 32 rows. */
  BATCH_NARROW_32(Kernel.BATCH),
  /** {@code batch.cuh}: 16 tokens and a tile of 64 rows. */
  BATCH_16(Kernel.BATCH),
  /** {@code batch.cuh}: 32 tokens and a tile of 64 rows. */
  BATCH_32(Kernel.BATCH),
  /** {@code batch.cuh}: 16 tokens and a tile of 128 rows. */
  BATCH_WIDE_16(Kernel.BATCH),
  /** {@code batch.cuh}: 32 tokens and a tile of 128 rows. */
  BATCH_WIDE_32(Kernel.BATCH),
  /** {@code batch.cuh}: 16 tokens and very many rows. */
  BATCH_HEAD_16(Kernel.BATCH_HEAD),
  /** {@code batch.cuh}: 32 tokens and very many rows. */
  BATCH_HEAD_32(Kernel.BATCH_HEAD),
  /** {@code gemm.cuh}: tiles of 64 tokens and 64 rows. */
  GEMM_64_64(Kernel.GEMM),
  /** {@code gemm.cuh}: tiles of 64 tokens and 128 rows. */
  GEMM_64_128(Kernel.GEMM),
  /** {@code hopper_attention.cuh}: heads of 64. */
  HOPPER_ATTENTION_64(Kernel.HOPPER_ATTENTION),
  /** {@code hopper_attention.cuh}: heads of 128. */
  HOPPER_ATTENTION_128(Kernel.HOPPER_ATTENTION),
  /** {@code hopper_attention.cuh}: heads of 64, rounded to BF16. */
  HOPPER_ATTENTION_ROUNDED_64(Kernel.HOPPER_ATTENTION),
  /** {@code hopper_attention.cuh}: heads of 128, rounded to BF16. */
  HOPPER_ATTENTION_ROUNDED_128(Kernel.HOPPER_ATTENTION),
  /** {@code prepare_attention.cuh}: heads of 64. */
  PREPARE_ATTENTION_64(Kernel.PREPARE_ATTENTION),
  /** {@code prepare_attention.cuh}: heads of 128. */
  PREPARE_ATTENTION_128(Kernel.PREPARE_ATTENTION),
  /** {@code hopper_gemm.cuh}: tiles of 64 tokens and 64 rows. */
  HOPPER_GEMM_64_64(Kernel.HOPPER),
  /** {@code hopper_gemm.cuh}: tiles of 128 tokens and 64 rows. */
  HOPPER_GEMM_128_64(Kernel.HOPPER),
  /** {@code hopper_gemm.cuh}: tiles of 128 tokens and 128 rows. */
  HOPPER_GEMM_128_128(Kernel.HOPPER),
  /** {@code hopper_gemm.cuh}: the same, two blocks on a multiprocessor. */
  HOPPER_GEMM_128_128_TWICE(Kernel.HOPPER),
  /** {@code hopper_gemm.cuh}: tiles of 128 tokens and 192 rows. */
  HOPPER_GEMM_128_192(Kernel.HOPPER),
  /** {@code prefill_attention.cuh}: heads of 64. */
  PREFILL_ATTENTION_64(Kernel.PREFILL_ATTENTION),
  /** {@code prefill_attention.cuh}: heads of 128. */
  PREFILL_ATTENTION_128(Kernel.PREFILL_ATTENTION),
  /** {@code prefill_attention.cuh}: heads of 64, rounded to BF16. */
  PREFILL_ATTENTION_ROUNDED_64(Kernel.PREFILL_ATTENTION),
  /** {@code prefill_attention.cuh}: heads of 128, rounded to BF16. */
  PREFILL_ATTENTION_ROUNDED_128(Kernel.PREFILL_ATTENTION);

  private static final String LINEAR = "PPP" + "PPP" + "PPP" + "III" + "PPF" + "PPP" + "IIII";
  private static final String DECODE = "PPP" + "PPP" + "PPP" + "III" + "PPF" + "PPP" + "III";
  private static final String ATTENTION = "PPP" + "PPF" + "PPPP" + "PPP" + "IIIII";
  private static final String BATCH = "PPP" + "PPP" + "PPP" + "III" + "PPF" + "P" + "IIII" + "II";
  private static final String BATCH_HEAD = "PPP" + "PPP" + "PPP" + "III" + "P" + "III";
  private static final String GEMM = "PPP" + "PPP" + "PPP" + "III" + "PPP" + "II";
  private static final String PREPARE_ATTENTION = "PPP" + "PPF" + "PPPP" + "PPP" + "IIIII";
  private static final String PREFILL_ATTENTION = "PPP" + "PPP" + "PPP" + "III";
  private static final String HOPPER_ATTENTION = "TTT" + "PP" + "PP" + "PPP" + "III";
  private static final String HOPPER = "TTT" + "PPP" + "PPP" + "III" + "TTI" + "PPP" + "II";

  private final String parameters;

  Kernel(String parameters) {
    this.parameters = parameters;
  }

  /**
   * The name in the PTX.
   *
   * @return the name of the entry
   */
  public String entry() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * Whether its shared memory is given at launch.
   *
   * @return true for the kernels that stage tiles or inputs
   */
  public boolean hasDynamicShared() {
    return name().startsWith("LINEAR")
        || name().startsWith("DECODE")
        || name().startsWith("BATCH")
        || name().startsWith("GEMM")
        || isForHopper()
        || name().startsWith("PREFILL_ATTENTION");
  }

  /**
   * Whether it is in the PTX that only compute capability 9.0 takes.
   *
   * @return true for the kernels of {@code hopper.cu}
   */
  public boolean isForHopper() {
    return name().startsWith("HOPPER");
  }

  /**
   * The types of the parameters.
   *
   * @return P, I, F or T for each
   */
  public String parameters() {
    return parameters;
  }
}
