/**
 * The Qwen3 transformer on NVIDIA GPUs, an optional backend.
 *
 * <p>Start reading in {@link io.github.nextclass.cuda.CudaBackend}: the operations of a pass are
 * collected, {@link io.github.nextclass.cuda.Planner} makes kernel launches of them, some for
 * several operations, and from the second time on the launches of a pass are one CUDA graph. The
 * kernels are in {@code src/main/cuda}; {@link io.github.nextclass.cuda.Kernel} lists them. The
 * driver is behind {@link io.github.nextclass.cuda.CudaApi}.
 *
 * <p>This package may depend on the engine and on nothing of JCuda; only the package {@code jcuda}
 * below it does.
 */
@NullMarked
package io.github.nextclass.cuda;

import org.jspecify.annotations.NullMarked;
