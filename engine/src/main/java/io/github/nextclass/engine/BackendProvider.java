package io.github.nextclass.engine;

import io.github.nextclass.engine.backend.Backend;
import java.util.Optional;

/**
 * A backend that another artifact brings, found by {@link java.util.ServiceLoader}. An
 * implementation has a public constructor without parameters, and asks the machine nothing before
 * {@link #obstacle} is called.
 */
public interface BackendProvider {
  /**
   * The name that {@link EngineOptions#backend} chooses it by.
   *
   * @return a word in lower case, such as {@code cuda}
   */
  String name();

  /**
   * Whether the backend can be used on this machine.
   *
   * @return why not, in one line such as {@code no NVIDIA driver: libcuda.so.1 is not installed};
   *     empty if it can be used
   */
  Optional<String> obstacle();

  /**
   * Whether the backend has weights in a format.
   *
   * @param format how the weights are to be held
   * @return by default true for weights as they are stored
   */
  default boolean runs(WeightFormat format) {
    return format == WeightFormat.AS_STORED;
  }

  /**
   * Makes a backend. Called only where there is no obstacle.
   *
   * @param config the shape of the model that it will run
   * @param options how to run it
   * @return the backend, to be closed by the caller
   * @throws MemoryBudgetException if the weights do not fit the device
   * @throws IllegalStateException if the device cannot be used after all; the message says why
   */
  Backend create(Qwen3Config config, EngineOptions options);
}
