package io.github.nextclass.engine;

import io.github.nextclass.engine.cpu.MachineLimits;
import io.github.nextclass.safetensors.Safetensors;
import io.github.nextclass.safetensors.TensorSource;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The two limits of a CPU that a transformer runs into: decoding reads all weights for each token
 * and cannot be faster than reading alone; the matrix products of a prompt cannot be faster than
 * multiply-adds in registers.
 *
 * @param readBytesPerSecond the rate at which the mapped weights are read and nothing else is done
 *     with them; of a model that fits a cache, the rate of that cache
 * @param flopsPerSecond the rate of F32 operations in registers, a multiply-add counting as two
 */
public record MachineProbe(double readBytesPerSecond, double flopsPerSecond) {

  /**
   * Measures both on this machine, at its best of about half a second each. Uses the Vector API
   * where it is there, at the width that the engine's kernels use.
   *
   * @param folder the checkpoint to read
   * @param threads the number of threads, from 1 to 1,024
   * @return the limits
   * @throws IOException if the checkpoint cannot be read
   */
  public static MachineProbe measure(Path folder, int threads) throws IOException {
    EngineOptions.defaults().withThreads(threads); // checks the range
    try (TensorSource tensors = Safetensors.open(folder);
        MachineLimits limits = new MachineLimits(threads)) {
      List<MemorySegment> segments = new ArrayList<>();
      for (String name : tensors.names()) {
        segments.add(tensors.tensor(name).segment());
      }
      return new MachineProbe(limits.readBytesPerSecond(segments), limits.flopsPerSecond());
    }
  }
}
