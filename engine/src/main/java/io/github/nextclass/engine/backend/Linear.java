package io.github.nextclass.engine.backend;

import org.jspecify.annotations.Nullable;

/**
 * A linear layer: {@code y = W x + b}. Qwen3 as published has no biases; {@code attention_bias}
 * allows them.
 *
 * @param weight the matrix {@code [outFeatures, inFeatures]}
 * @param bias the vector {@code [outFeatures]}, or null
 */
public record Linear(Weight weight, @Nullable Weight bias) {}
