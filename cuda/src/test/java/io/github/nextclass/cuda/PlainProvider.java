package io.github.nextclass.cuda;

import io.github.nextclass.engine.BackendProvider;
import io.github.nextclass.engine.EngineOptions;
import io.github.nextclass.engine.Qwen3Config;
import io.github.nextclass.engine.backend.Backend;
import java.util.Optional;

/** The backend without some of what makes it fast, for comparison. */
public abstract class PlainProvider implements BackendProvider {
  static final String UNFUSED = "cuda-unfused";
  static final String NO_OVERLAP = "cuda-no-overlap";

  private final CudaBackendProvider provider = new CudaBackendProvider();
  private final String name;
  private final CudaBackend.Tuning tuning;

  private PlainProvider(String name, CudaBackend.Tuning tuning) {
    this.name = name;
    this.tuning = tuning;
  }

  /** A kernel for each operation. */
  public static final class Unfused extends PlainProvider {
    /** For ServiceLoader. */
    public Unfused() {
      super(UNFUSED, new CudaBackend.Tuning(false, false));
    }
  }

  /** Each kernel waits for the one before. */
  public static final class NoOverlap extends PlainProvider {
    /** For ServiceLoader. */
    public NoOverlap() {
      super(NO_OVERLAP, new CudaBackend.Tuning(true, false));
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
  public Backend create(Qwen3Config config, EngineOptions options) {
    return provider.create(config, tuning);
  }
}
