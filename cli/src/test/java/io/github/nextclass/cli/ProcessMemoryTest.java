package io.github.nextclass.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.nextclass.safetensors.Safetensors;
import io.github.nextclass.safetensors.Tensor;
import io.github.nextclass.safetensors.TensorSource;
import java.io.IOException;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ProcessMemoryTest {
  @Test
  void countsMappedWeightsApart() throws IOException {
    assumeTrue(ProcessMemory.measure().isPresent(), "only Linux tells");
    try (RandomCheckpoint checkpoint = RandomCheckpoint.create(ModelShape.TINY);
        TensorSource tensors = Safetensors.open(checkpoint.folder())) {
      Tensor tensor = tensors.tensor("model.embed_tokens.weight");
      float[] read = tensor.toFloatArray(); // every page of it is in memory now

      Optional<ProcessMemory> memory = ProcessMemory.measure();

      assertThat(read).isNotEmpty();
      assertThat(memory).isPresent();
      assertThat(memory.get().weightBytes()).isGreaterThanOrEqualTo(tensor.byteSize());
      assertThat(memory.get().residentBytes())
          .isGreaterThan(memory.get().weightBytes() + memory.get().otherBytes(0) - 1)
          .isGreaterThan(memory.get().heapBytes() / 100);
      assertThat(memory.get().otherBytes(1000))
          .isEqualTo(memory.get().residentBytes() - memory.get().weightBytes() - 1000);
    }
  }
}
