/**
 * Quantised matrices as Qwen's official checkpoints store them: FP8, GPTQ and AWQ.
 *
 * <p>One class a format, with its formula, the drawing of its bits and the check of its values.
 * Start reading in {@link io.github.nextclass.engine.quant.Fp8Matrix}, the simplest, then {@link
 * io.github.nextclass.engine.quant.GroupedMatrix}, which holds what GPTQ and AWQ share. This
 * package may depend on {@code engine.backend} and on the safetensors module. Names of tensors are
 * not spelled here.
 */
package io.github.nextclass.engine.quant;
