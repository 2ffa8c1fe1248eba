package io.github.nextclass.sampling;

import static java.util.Objects.requireNonNull;

import io.github.nextclass.engine.EngineOptions;

/**
 * How a language model is loaded and run. Immutable; start from {@link #defaults()} and change what
 * should differ.
 *
 * @param engine how the engine holds and runs the weights
 * @param contextLength the longest sequence, prompt and answer together, in tokens; at least 1. The
 *     model's own limit also holds. Memory is reserved for so many tokens where the length of an
 *     answer is not limited, and for every chat
 */
public record LanguageModelOptions(EngineOptions engine, int contextLength) {
  private static final int DEFAULT_CONTEXT_LENGTH = 4096;

  /**
   * Creates options.
   *
   * @param engine how the engine runs
   * @param contextLength the longest sequence
   */
  public LanguageModelOptions {
    requireNonNull(engine, "engine");
    if (contextLength < 1) {
      throw new IllegalArgumentException("contextLength must be at least 1, got " + contextLength);
    }
  }

  /**
   * Returns the engine's defaults and a context of 4,096 tokens.
   *
   * @return the defaults
   */
  public static LanguageModelOptions defaults() {
    return new LanguageModelOptions(EngineOptions.defaults(), DEFAULT_CONTEXT_LENGTH);
  }

  /**
   * Changes how the engine runs.
   *
   * @param value the new value
   * @return changed options
   */
  public LanguageModelOptions withEngine(EngineOptions value) {
    return new LanguageModelOptions(value, contextLength);
  }

  /**
   * Changes the longest sequence.
   *
   * @param value the new value in tokens, at least 1
   * @return changed options
   */
  public LanguageModelOptions withContextLength(int value) {
    return new LanguageModelOptions(engine, value);
  }
}
