package io.github.nextclass.engine;

import io.github.nextclass.engine.backend.Backend;
import io.github.nextclass.engine.cpu.CpuBackend;

class ScalarGoldenParityTest extends GoldenParityTest {
  @Override
  EngineOptions options() {
    return EngineOptions.defaults().withPrimitives(PrimitivesChoice.SCALAR).withThreads(2);
  }

  @Override
  Backend backend(Qwen3Config config) {
    return new CpuBackend(config, PrimitivesChoice.SCALAR, 2);
  }
}
