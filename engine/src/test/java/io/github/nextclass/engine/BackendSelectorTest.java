package io.github.nextclass.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.nextclass.engine.backend.Backend;
import io.github.nextclass.engine.cpu.CpuBackend;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class BackendSelectorTest {
  private static final EngineOptions OPTIONS = EngineOptions.defaults().withThreads(1);

  /** A provider whose device is another CPU backend, or that has a reason not to be used. */
  private record Provider(String name, @Nullable String obstacleOrNull, @Nullable Backend backend)
      implements BackendProvider {
    static Provider absent(String obstacle) {
      return new Provider("cuda", obstacle, null);
    }

    @Override
    public Optional<String> obstacle() {
      return Optional.ofNullable(obstacleOrNull);
    }

    @Override
    public Backend create(Qwen3Config config, EngineOptions options) {
      if (backend == null) {
        throw new MemoryBudgetException("need 16 GiB for the weights, 8 GiB are free");
      }
      return backend;
    }
  }

  private final Qwen3Config config;

  BackendSelectorTest() throws IOException {
    config = Qwen3Config.read(GoldenCheckpoint.ROOT.resolve("yarn/config.json"));
  }

  @BeforeEach
  void forgetTheLog() {
    LogOfTests.take();
  }

  private Backend select(String backend, BackendProvider... providers) {
    return new BackendSelector(List.of(providers)).select(config, OPTIONS.withBackend(backend));
  }

  @Test
  void autoTakesADeviceThatCanBeUsed() {
    try (Backend device = new RecordingBackend(select("cpu"))) {
      assertThat(select("auto", new Provider("cuda", null, device))).isSameAs(device);
      assertThat(select("cuda", new Provider("cuda", null, device))).isSameAs(device);
      assertThat(LogOfTests.take()).isEmpty();
    }
  }

  @Test
  void autoSaysInOneLineWhyADeviceIsNotUsed() {
    try (Backend backend = select("auto", Provider.absent("no NVIDIA driver"))) {
      assertThat(backend).isInstanceOf(CpuBackend.class);
      assertThat(LogOfTests.take())
          .containsExactly("WARNING: running on the CPU; cuda is not used: no NVIDIA driver");
    }
  }

  @Test
  void autoRunsOnTheCpuWhatDoesNotFitTheDevice() {
    try (Backend backend = select("auto", new Provider("cuda", null, null))) {
      assertThat(backend).isInstanceOf(CpuBackend.class);
      assertThat(LogOfTests.take())
          .singleElement()
          .asString()
          .contains("cuda is not used: need 16 GiB for the weights");
    }
  }

  @Test
  void autoIsQuietWhereThereIsNothingToChoose() {
    try (Backend backend = select("auto")) {
      assertThat(backend).isInstanceOf(CpuBackend.class);
      assertThat(LogOfTests.take()).isEmpty();
    }
  }

  @Test
  void aBackendThatIsAskedForFailsWithTheReason() {
    assertThatThrownBy(() -> select("cuda", Provider.absent("no NVIDIA driver")))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("backend cuda cannot be used: no NVIDIA driver");
    assertThatThrownBy(() -> select("cuda", new Provider("cuda", null, null)))
        .isInstanceOf(MemoryBudgetException.class);
  }

  @Test
  void aFormatThatOnlyTheCpuHasRunsThere() {
    EngineOptions q8 = OPTIONS.withKvCache(KvCacheFormat.Q8);
    try (Backend device = new RecordingBackend(select("cpu"))) {
      BackendSelector selector = new BackendSelector(List.of(new Provider("cuda", null, device)));
      assertThatThrownBy(() -> selector.select(config, q8.withBackend("cuda")))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("backend cuda has no q8 KV cache; the CPU has");
      EngineOptions q4 = OPTIONS.withWeights(WeightFormat.Q4);
      assertThatThrownBy(() -> selector.select(config, q4.withBackend("cuda")))
          .hasMessage("backend cuda has no q4 weights; the CPU has");
      assertThat(LogOfTests.take()).isEmpty();
      try (Backend backend = selector.select(config, q8.withBackend("auto"))) {
        assertThat(backend).isInstanceOf(CpuBackend.class);
      }
      assertThat(LogOfTests.take())
          .containsExactly("WARNING: running on the CPU; cuda is not used: it has no q8 KV cache");
    }
  }

  @Test
  void anUnknownNameIsAnsweredWithThoseThatThereAre() {
    assertThatThrownBy(() -> select("cuda"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageStartingWith("there is no backend cuda, expected auto, cpu;");
    assertThatThrownBy(() -> select("metal", Provider.absent("no driver")))
        .hasMessageStartingWith("there is no backend metal, expected auto, cpu, cuda;");
  }
}
