/**
 * The Qwen3 transformer over token ids.
 *
 * <p>Start reading in {@link io.github.nextclass.engine.Qwen3}: the whole forward pass stands
 * there, in the checkpoint's own names. {@link io.github.nextclass.engine.Session} is one sequence
 * with its KV cache. How an operation runs is behind {@link
 * io.github.nextclass.engine.backend.Backend}. This package may depend on {@code backend} and on
 * the safetensors module; it knows no text and no hardware.
 */
package io.github.nextclass.engine;
