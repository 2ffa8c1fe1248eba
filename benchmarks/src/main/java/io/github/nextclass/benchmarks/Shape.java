package io.github.nextclass.benchmarks;

import io.github.nextclass.engine.KvCacheFormat;
import io.github.nextclass.engine.PrimitivesChoice;
import io.github.nextclass.engine.Qwen3Config;
import io.github.nextclass.engine.RopeParameters;
import io.github.nextclass.engine.backend.Backend;
import io.github.nextclass.engine.cpu.CpuBackend;
import java.util.List;
import java.util.Locale;

/** The shape of the 0.6B model, and backends for it. */
final class Shape {
  static final int VOCAB_SIZE = 151_936;
  static final int HIDDEN_SIZE = 1024;
  static final int INTERMEDIATE_SIZE = 3072;
  static final int LAYERS = 28;
  static final int HEADS = 16;
  static final int KV_HEADS = 8;
  static final int HEAD_DIM = 128;
  static final int QUERY_WIDTH = HEADS * HEAD_DIM;
  static final int KV_WIDTH = KV_HEADS * HEAD_DIM;
  static final float EPS = 1e-6f;
  static final RopeParameters ROPE = RopeParameters.ofTheta(1_000_000);

  private Shape() {}

  private static Qwen3Config config(int layers) {
    return new Qwen3Config(
        VOCAB_SIZE,
        HIDDEN_SIZE,
        INTERMEDIATE_SIZE,
        layers,
        HEADS,
        KV_HEADS,
        HEAD_DIM,
        40_960,
        EPS,
        ROPE,
        false,
        true,
        List.of("Qwen3ForCausalLM"),
        List.of(),
        List.of(),
        null,
        null);
  }

  /** The backend that is measured. */
  static Backend backend(String primitives, int threads) {
    return backend(primitives, threads, KvCacheFormat.F32);
  }

  /** The backend that is measured, with keys and values in a format. */
  static Backend backend(String primitives, int threads, KvCacheFormat kvCache) {
    return new CpuBackend(config(LAYERS), choice(primitives), threads, kvCache);
  }

  /** What it is compared with: the specification, of one layer and on one thread. */
  static Backend oracle() {
    return oracle(KvCacheFormat.F32);
  }

  /** The specification, with keys and values in a format. */
  static Backend oracle(KvCacheFormat kvCache) {
    return new CpuBackend(config(1), PrimitivesChoice.SCALAR, 1, kvCache);
  }

  static PrimitivesChoice choice(String primitives) {
    return PrimitivesChoice.valueOf(primitives.toUpperCase(Locale.ROOT));
  }
}
