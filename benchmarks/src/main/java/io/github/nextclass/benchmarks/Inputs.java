package io.github.nextclass.benchmarks;

import io.github.nextclass.engine.backend.Backend;
import io.github.nextclass.engine.backend.Buffer;
import io.github.nextclass.engine.backend.KvCache;
import io.github.nextclass.engine.backend.Step;
import io.github.nextclass.safetensors.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Activations with content, and the comparison of results. */
final class Inputs {
  private Inputs() {}

  /** A buffer that holds rows of a table. */
  static Buffer rows(Backend ops, Tensor table, int... rows) {
    Buffer buffer = ops.buffer(rows.length, Math.toIntExact(table.shape()[1]));
    ops.embed(ops.weight(table), new Step(rows, new int[rows.length], List.of()), buffer);
    return buffer;
  }

  /** Tokens of one sequence. */
  static Step step(KvCache cache, int firstPosition, int tokens) {
    return new Step(
        new int[tokens],
        IntStream.range(firstPosition, firstPosition + tokens).toArray(),
        List.of(new Step.Segment(cache, 0, tokens, firstPosition)));
  }

  /** Tokens of no sequence. */
  static Step step(int tokens) {
    return new Step(new int[tokens], IntStream.range(0, tokens).toArray(), List.of());
  }

  static void requireEqual(
      String what, Backend ops, Buffer found, Backend oracle, Buffer expected, int tokens) {
    for (int t = 0; t < tokens; t++) {
      int at = Arrays.mismatch(ops.read(found, t), oracle.read(expected, t));
      if (at >= 0) {
        throw new AssertionError(
            what + ": the result differs from the scalar loops' in row " + t + ", column " + at);
      }
    }
  }
}
