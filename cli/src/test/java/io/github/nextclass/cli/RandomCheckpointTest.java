package io.github.nextclass.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nextclass.engine.Engine;
import io.github.nextclass.safetensors.Safetensors;
import io.github.nextclass.safetensors.Tensor;
import io.github.nextclass.safetensors.TensorSource;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class RandomCheckpointTest {
  @Test
  void isAModelAndIsRemovedAtTheEnd() throws IOException {
    Path folder;
    try (RandomCheckpoint checkpoint = RandomCheckpoint.create(ModelShape.TINY)) {
      folder = checkpoint.folder();
      try (Engine engine = Engine.load(folder)) {
        assertThat(engine.config().hiddenSize()).isEqualTo(ModelShape.TINY.hiddenSize);
        assertThat(engine.config().tieWordEmbeddings()).isTrue();
      }
      try (TensorSource tensors = Safetensors.open(folder)) {
        assertSpread(tensors.tensor("model.embed_tokens.weight"), 0, 0.02);
        assertSpread(tensors.tensor("model.layers.2.input_layernorm.weight"), 1, 0.1);
      }
    }
    assertThat(folder).doesNotExist();
  }

  private static void assertSpread(Tensor tensor, double mean, double deviation) {
    double sum = 0;
    double squares = 0;
    for (float value : tensor.toFloatArray()) {
      sum += value;
      squares += Math.pow(value - mean, 2);
    }
    double count = tensor.elementCount();
    assertThat(sum / count).isBetween(mean - deviation / 3, mean + deviation / 3);
    assertThat(Math.sqrt(squares / count)).isBetween(deviation * 0.7, deviation * 1.3);
  }
}
