package io.github.nextclass.engine.quant;

import io.github.nextclass.engine.backend.QuantizedMatrix;
import java.util.function.Consumer;

/** A quantised matrix over the tensors of a checkpoint. */
public sealed interface StoredMatrix extends QuantizedMatrix
    permits Fp8Matrix, GroupedMatrix, BlockMatrix {
  /**
   * Looks for values that the format does not allow.
   *
   * @param problems gets a sentence for each tensor that has one
   */
  void check(Consumer<String> problems);
}
