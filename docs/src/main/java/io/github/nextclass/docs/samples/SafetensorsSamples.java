package io.github.nextclass.docs.samples;

import io.github.nextclass.safetensors.DType;
import io.github.nextclass.safetensors.Safetensors;
import io.github.nextclass.safetensors.SafetensorsWriter;
import io.github.nextclass.safetensors.Tensor;
import io.github.nextclass.safetensors.TensorSource;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/** The samples of docs/safetensors.md. */
final class SafetensorsSamples {
  private SafetensorsSamples() {}

  static void read() throws IOException {
    // @start region=read
    Path folder = Path.of("models/storyteller"); // a folder, a file, or an index
    try (TensorSource source = Safetensors.open(folder)) {
      System.out.println(source.names().size() + " tensors, one of them:");
      System.out.println(source.tensor("model.embed_tokens.weight"));
      Tensor norm = source.tensor("model.norm.weight");
      float first = norm.floatAt(0); // F32, F16, BF16, F8_E4M3
      float[] all = norm.toFloatArray();
      MemorySegment bytes = norm.segment(); // any type, no copy, read-only
      System.out.println(first + ", " + all.length + " floats, " + bytes.byteSize() + " bytes");
    }
    // @end
  }

  static void write() throws IOException {
    Path folder = Path.of("docs/target");
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment segment = arena.allocate(2L * 64 * 64);
      // @start region=write
      new SafetensorsWriter()
          .metadata("format", "pt")
          .add("logits", new long[] {2, 3}, new float[] {1, 2, 3, 4, 5, 6})
          .add("weight", DType.BF16, new long[] {64, 64}, segment) // little-endian bytes
          .add("large", DType.F32, new long[] {1024}, () -> arena.allocate(4096)) // made in turn
          .write(folder.resolve("out.safetensors"));
      // @end
    }
  }
}
