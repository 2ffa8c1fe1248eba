package io.github.nextclass.cuda;

import io.github.nextclass.engine.BackendProvider;
import io.github.nextclass.engine.EngineOptions;
import io.github.nextclass.engine.Qwen3Config;
import io.github.nextclass.engine.WeightFormat;
import io.github.nextclass.engine.backend.Backend;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** The backend with other settings, for comparison. */
public abstract class PlainProvider implements BackendProvider {
  static final String UNFUSED = "cuda-unfused";
  static final String ROUNDING = "cuda-rounding";
  static final String NO_OVERLAP = "cuda-no-overlap";

  private final CudaBackendProvider provider = new CudaBackendProvider();
  private final String name;
  private final CudaBackend.Tuning tuning;

  private PlainProvider(String name, UnaryOperator<CudaBackend.Tuning> tuning) {
    this.name = name;
    this.tuning = tuning.apply(CudaBackend.Tuning.ALL);
  }

  /** A kernel for each operation. */
  public static final class Unfused extends PlainProvider {
    /** For ServiceLoader. */
    public Unfused() {
      super(UNFUSED, all -> all.withFuses(false).withOverlaps(false));
    }
  }

  /** Each kernel waits for the one before. */
  public static final class NoOverlap extends PlainProvider {
    /** For ServiceLoader. */
    public NoOverlap() {
      super(NO_OVERLAP, all -> all.withOverlaps(false));
    }
  }

  /** Tensor cores get activations rounded to BF16. */
  public static final class Rounding extends PlainProvider {
    /** For ServiceLoader. */
    public Rounding() {
      super(ROUNDING, all -> all.withRounds(true));
    }
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Optional<String> obstacle() {
    return provider.obstacle();
  }

  @Override
  public boolean runs(WeightFormat format) {
    return provider.runs(format);
  }

  @Override
  public Backend create(Qwen3Config config, EngineOptions options) {
    return provider.create(config, options, tuning);
  }
}
