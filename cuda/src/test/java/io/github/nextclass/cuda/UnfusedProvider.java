package io.github.nextclass.cuda;

import io.github.nextclass.engine.BackendProvider;
import io.github.nextclass.engine.EngineOptions;
import io.github.nextclass.engine.Qwen3Config;
import io.github.nextclass.engine.backend.Backend;
import java.util.Optional;

/** The backend with a kernel for each operation, for comparison with the fused ones. */
public final class UnfusedProvider implements BackendProvider {
  static final String NAME = "cuda-unfused";

  private final CudaBackendProvider fused = new CudaBackendProvider();

  /** For ServiceLoader. */
  public UnfusedProvider() {}

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Optional<String> obstacle() {
    return fused.obstacle();
  }

  @Override
  public Backend create(Qwen3Config config, EngineOptions options) {
    return fused.create(config, false);
  }
}
