package io.github.nextclass.engine;

import io.github.nextclass.engine.backend.Backend;
import io.github.nextclass.engine.cpu.CpuBackend;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.stream.Collectors;

/** Chooses the backend: the CPU, or one that is on the class path. */
final class BackendSelector {
  private static final System.Logger LOG = System.getLogger(BackendSelector.class.getName());

  private final List<BackendProvider> providers;

  BackendSelector(List<BackendProvider> providers) {
    this.providers = providers;
  }

  /** With the providers that can be found. */
  static BackendSelector ofServices() {
    return new BackendSelector(
        ServiceLoader.load(BackendProvider.class, BackendProvider.class.getClassLoader()).stream()
            .map(ServiceLoader.Provider::get)
            .toList());
  }

  Backend select(Qwen3Config config, EngineOptions options) {
    return switch (options.backend()) {
      case EngineOptions.CPU -> cpu(config, options);
      case EngineOptions.AUTO -> firstThatWorks(config, options);
      default -> byName(config, options);
    };
  }

  private Backend firstThatWorks(Qwen3Config config, EngineOptions options) {
    for (BackendProvider provider : providers) {
      Optional<String> obstacle =
          provider
              .obstacle()
              .or(() -> lack(provider.runs(options.weights()), options).map(l -> "it has " + l));
      if (obstacle.isEmpty()) {
        try {
          return provider.create(config, options);
        } catch (MemoryBudgetException | IllegalStateException e) {
          obstacle = Optional.of(String.valueOf(e.getMessage()));
        }
      }
      LOG.log(
          System.Logger.Level.WARNING,
          "running on the CPU; {0} is not used: {1}",
          provider.name(),
          obstacle.orElseThrow());
    }
    return cpu(config, options);
  }

  private Backend byName(Qwen3Config config, EngineOptions options) {
    Optional<BackendProvider> found =
        providers.stream().filter(p -> p.name().equals(options.backend())).findFirst();
    boolean hasWeights =
        found
            .map(p -> p.runs(options.weights()))
            .orElse(options.weights() == WeightFormat.AS_STORED);
    lack(hasWeights, options)
        .ifPresent(lack -> {
          throw new IllegalStateException(
              "backend " + options.backend() + " has " + lack + "; the CPU has");
        });
    BackendProvider provider =
        found.orElseThrow(() -> new IllegalStateException(unknown(options.backend())));
    provider
        .obstacle()
        .ifPresent(obstacle -> {
          throw new IllegalStateException(
              "backend " + provider.name() + " cannot be used: " + obstacle);
        });
    return provider.create(config, options);
  }

  /** A format that was asked for and that the backend does not have. */
  private static Optional<String> lack(boolean hasWeights, EngineOptions options) {
    if (!hasWeights) {
      return Optional.of("no " + options.weights() + " weights");
    }
    if (options.kvCache() != KvCacheFormat.F32) {
      return Optional.of("no " + options.kvCache() + " KV cache");
    }
    return Optional.empty();
  }

  private String unknown(String name) {
    String there =
        providers.stream().map(p -> ", " + p.name()).sorted().collect(Collectors.joining());
    return "there is no backend "
        + name
        + ", expected auto, cpu"
        + there
        + "; others come with an artifact on the class path, such as nextclass-cuda";
  }

  private static Backend cpu(Qwen3Config config, EngineOptions options) {
    return new CpuBackend(config, options.primitives(), options.threads(), options.kvCache());
  }
}
