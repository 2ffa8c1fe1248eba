package io.github.nextclass.safetensors;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.util.function.Supplier;

/**
 * One tensor to be written.
 *
 * @param layout the element in which the data is stored in memory, in native byte order; single
 *     bytes where the data is little-endian already
 */
record TensorData(String name, Extent extent, ValueLayout layout, Supplier<MemorySegment> segment) {
  private static final long CHUNK_BYTES = 1 << 20;

  void checkSize(MemorySegment data) {
    if (data.byteSize() != extent.byteSize()) {
      throw new IllegalArgumentException(
          "tensor %s: found %d bytes of data, expected %d for %s"
              .formatted(
                  SafetensorsException.quote(name), data.byteSize(), extent.byteSize(), extent));
    }
  }

  /** Writes the elements in little-endian order, a chunk at a time. */
  void writeTo(WritableByteChannel channel) throws IOException {
    MemorySegment source = segment.get();
    checkSize(source);
    ValueLayout target = layout.withOrder(ByteOrder.LITTLE_ENDIAN);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment chunk = arena.allocate(CHUNK_BYTES, layout.byteAlignment());
      for (long done = 0; done < source.byteSize(); ) {
        long chunkBytes = Math.min(CHUNK_BYTES, source.byteSize() - done);
        MemorySegment.copy(source, layout, done, chunk, target, 0, chunkBytes / layout.byteSize());
        AtomicFile.writeFully(channel, chunk.asSlice(0, chunkBytes).asByteBuffer());
        done += chunkBytes;
      }
    }
  }
}
