package io.github.nextclass.safetensors;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * One open file: its checked header and its data section, the latter as one read-only segment that
 * belongs to the arena of the caller.
 */
record DataFile(Path path, FileState state, Header header, MemorySegment data) {
  /** A cache line, and the width of the widest vector register. */
  private static final long COPY_ALIGNMENT_BYTES = 64;

  private static final long MAX_READ_BYTES = 1L << 30;

  /**
   * Opens and checks a file.
   *
   * @param arena owner of the mapping or of the copy
   */
  static DataFile open(Path path, Storage storage, int maxTensors, Arena arena) throws IOException {
    FileState state = FileState.of(path);
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      byte[] json = readJson(path, channel, state.sizeBytes());
      long dataOffset = Header.PREFIX_BYTES + (long) json.length;
      long dataBytes = state.sizeBytes() - dataOffset;
      Header header = HeaderParser.parse(path, json, dataBytes, maxTensors);
      MemorySegment data =
          switch (storage) {
            case MMAP ->
                channel
                    .map(MapMode.READ_ONLY, 0, state.sizeBytes(), arena)
                    .asSlice(dataOffset, dataBytes);
            case COPY -> copy(path, channel, dataOffset, dataBytes, arena);
          };
      // Header and data must be of one state of the file.
      state.verify(path);
      return new DataFile(path, state, header, data.asReadOnly());
    }
  }

  /**
   * Reads the JSON after its length was checked: nothing is allocated from a number in the file.
   */
  private static byte[] readJson(Path path, FileChannel channel, long fileBytes)
      throws IOException {
    if (fileBytes < Header.PREFIX_BYTES) {
      throw SafetensorsException.of(
          path,
          "file has %d bytes, need >= %d for the length of the header"
              .formatted(fileBytes, Header.PREFIX_BYTES));
    }
    ByteBuffer prefix = ByteBuffer.allocate(Header.PREFIX_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    readFully(path, channel, prefix, 0);
    long jsonBytes = prefix.getLong(0);
    if (jsonBytes < 0 || jsonBytes > Header.MAX_BYTES) {
      throw SafetensorsException.of(
          path,
          "header length %s > limit %d (is this a safetensors file?)"
              .formatted(Long.toUnsignedString(jsonBytes), Header.MAX_BYTES));
    }
    long bytesAfterPrefix = fileBytes - Header.PREFIX_BYTES;
    if (jsonBytes > bytesAfterPrefix) {
      throw SafetensorsException.of(
          path,
          "header claims %d bytes, file has %d after the %d-byte prefix (cut off?)"
              .formatted(jsonBytes, bytesAfterPrefix, Header.PREFIX_BYTES));
    }
    byte[] json = new byte[(int) jsonBytes];
    readFully(path, channel, ByteBuffer.wrap(json), Header.PREFIX_BYTES);
    return json;
  }

  private static MemorySegment copy(
      Path path, FileChannel channel, long offset, long byteSize, Arena arena) throws IOException {
    MemorySegment copy;
    try {
      copy = arena.allocate(byteSize, COPY_ALIGNMENT_BYTES);
    } catch (OutOfMemoryError e) {
      SafetensorsException failure =
          SafetensorsException.of(
              path,
              "cannot allocate %d bytes off-heap for a copy of the tensors; Storage.MMAP needs none"
                  .formatted(byteSize));
      failure.initCause(e);
      throw failure;
    }
    for (long done = 0; done < byteSize; ) {
      long chunkBytes = Math.min(MAX_READ_BYTES, byteSize - done);
      readFully(path, channel, copy.asSlice(done, chunkBytes).asByteBuffer(), offset + done);
      done += chunkBytes;
    }
    return copy;
  }

  private static void readFully(Path path, FileChannel channel, ByteBuffer target, long position)
      throws IOException {
    while (target.hasRemaining()) {
      int readBytes = channel.read(target, position + target.position());
      if (readBytes < 0) {
        throw SafetensorsException.of(
            path,
            "became shorter while it was read: found the end at offset %d, expected %d more bytes"
                .formatted(position + target.position(), target.remaining()));
      }
    }
  }
}
