package io.github.nextclass.safetensors;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Collects tensors and writes them as one safetensors file.
 *
 * <pre>{@code
 * new SafetensorsWriter()
 *     .metadata("format", "pt")
 *     .add("logits", new long[] {positions, vocabSize}, logits)
 *     .write(Path.of("logits.safetensors"));
 * }</pre>
 *
 * <p>The file equals byte for byte what the Rust reference writes for the same content (with more
 * than one entry of metadata the reference shuffles these; here they keep the order of the calls),
 * unless {@link #alignData} asks for more spaces behind the header. Tensors are ordered by type,
 * widest first, then by name in UTF-8 order.
 *
 * <p>Data is not copied when it is added: it is read while {@link #write} runs, piece by piece, so
 * do not change it before. A supplier is asked for its tensor only then, one after the other; so a
 * file larger than the memory can be written.
 *
 * <p>For use by one thread at a time.
 */
public final class SafetensorsWriter {
  private final Map<String, Entry> entries = new LinkedHashMap<>();
  private final Map<String, String> metadata = new LinkedHashMap<>();
  private int alignmentBytes = HeaderWriter.ALIGNMENT_BYTES;

  /** The data and its name as the reference compares names: by UTF-8 bytes, not by UTF-16. */
  // The array makes equals and hashCode useless; nobody compares entries.
  @SuppressWarnings("ArrayRecordComponent")
  private record Entry(byte[] utf8Name, TensorData data) {}

  private static final Comparator<Entry> FILE_ORDER =
      Comparator.comparing((Entry entry) -> entry.data().extent().dtype())
          .reversed()
          .thenComparing(Entry::utf8Name, Arrays::compareUnsigned);

  /** Creates a writer without tensors and metadata. */
  public SafetensorsWriter() {}

  /**
   * Adds one entry of {@code __metadata__}.
   *
   * @param key any text; a key set before is set anew
   * @param value any text
   * @return this
   * @throws IllegalArgumentException if a text has half of a surrogate pair or is longer than the
   *     reader accepts
   */
  public SafetensorsWriter metadata(String key, String value) {
    checkText("metadata key", key, StrictJson.MAX_NAME_LENGTH);
    checkText("metadata value", value, StrictJson.MAX_STRING_LENGTH);
    metadata.put(key, value);
    return this;
  }

  /**
   * Says where in the file the data may begin. Tensors follow each other without gaps, so those
   * whose sizes are multiples of the same number are then aligned to it too, in memory where the
   * file is mapped: a vector that is loaded from there lies in one line of the processor's cache.
   *
   * @param bytes a power of two from 8, which is the default and the reference's, to 4,096
   * @return this
   * @throws IllegalArgumentException if it is not
   */
  public SafetensorsWriter alignData(int bytes) {
    if (bytes < 8 || bytes > 4096 || Integer.bitCount(bytes) != 1) {
      throw new IllegalArgumentException(
          "alignment is " + bytes + ", expected a power of two from 8 to 4096");
    }
    alignmentBytes = bytes;
    return this;
  }

  /**
   * Adds an F32 tensor.
   *
   * @param name unique in this file
   * @param shape outermost dimension first, empty for a scalar
   * @param data row-major [product of shape]
   * @return this
   * @throws IllegalArgumentException if the name is taken or not allowed, or the shape is not that
   *     of the data
   */
  public SafetensorsWriter add(String name, long[] shape, float[] data) {
    return add(name, DType.F32, shape, ValueLayout.JAVA_FLOAT, MemorySegment.ofArray(data));
  }

  /**
   * Adds an I32 tensor.
   *
   * @param name unique in this file
   * @param shape outermost dimension first, empty for a scalar
   * @param data row-major [product of shape]
   * @return this
   * @throws IllegalArgumentException if the name is taken or not allowed, or the shape is not that
   *     of the data
   */
  public SafetensorsWriter add(String name, long[] shape, int[] data) {
    return add(name, DType.I32, shape, ValueLayout.JAVA_INT, MemorySegment.ofArray(data));
  }

  /**
   * Adds an I64 tensor.
   *
   * @param name unique in this file
   * @param shape outermost dimension first, empty for a scalar
   * @param data row-major [product of shape]
   * @return this
   * @throws IllegalArgumentException if the name is taken or not allowed, or the shape is not that
   *     of the data
   */
  public SafetensorsWriter add(String name, long[] shape, long[] data) {
    return add(name, DType.I64, shape, ValueLayout.JAVA_LONG, MemorySegment.ofArray(data));
  }

  /**
   * Adds a tensor of any type from its bytes.
   *
   * @param name unique in this file
   * @param dtype element type
   * @param shape outermost dimension first, empty for a scalar
   * @param data row-major, little-endian
   * @return this
   * @throws IllegalArgumentException if the name is taken or not allowed, or type and shape are not
   *     those of the data
   */
  public SafetensorsWriter add(String name, DType dtype, long[] shape, byte[] data) {
    return add(name, dtype, shape, MemorySegment.ofArray(data));
  }

  /**
   * Adds a tensor of any type from memory, for example from {@link Tensor#segment()}.
   *
   * @param name unique in this file
   * @param dtype element type
   * @param shape outermost dimension first, empty for a scalar
   * @param data row-major, little-endian; must stay open until the file is written
   * @return this
   * @throws IllegalArgumentException if the name is taken or not allowed, or type and shape are not
   *     those of the data
   */
  public SafetensorsWriter add(String name, DType dtype, long[] shape, MemorySegment data) {
    return add(name, dtype, shape, ValueLayout.JAVA_BYTE, data);
  }

  /**
   * Adds a tensor whose data is made when its turn comes.
   *
   * @param name unique in this file
   * @param dtype element type
   * @param shape outermost dimension first, empty for a scalar
   * @param data asked once in each {@link #write}, in the order of the file; row-major,
   *     little-endian, of the size that type and shape demand
   * @return this
   * @throws IllegalArgumentException if the name is taken or not allowed
   */
  public SafetensorsWriter add(
      String name, DType dtype, long[] shape, Supplier<MemorySegment> data) {
    return add(new TensorData(name, extent(name, dtype, shape), ValueLayout.JAVA_BYTE, data));
  }

  private SafetensorsWriter add(
      String name, DType dtype, long[] shape, ValueLayout layout, MemorySegment segment) {
    TensorData data = new TensorData(name, extent(name, dtype, shape), layout, () -> segment);
    data.checkSize(segment);
    return add(data);
  }

  private SafetensorsWriter add(TensorData data) {
    checkText("tensor name", data.name(), StrictJson.MAX_NAME_LENGTH);
    if (data.name().equals(Header.METADATA_KEY)) {
      throw new IllegalArgumentException(
          "tensor name %s is reserved by the format".formatted(Header.METADATA_KEY));
    }
    Entry entry = new Entry(data.name().getBytes(StandardCharsets.UTF_8), data);
    if (entries.putIfAbsent(data.name(), entry) != null) {
      throw new IllegalArgumentException(
          "tensor " + SafetensorsException.quote(data.name()) + " was added before");
    }
    return this;
  }

  /**
   * Writes the file: into a temporary file in the same folder, forced to the disk, then renamed. So
   * at every moment the path holds the old file or the whole new one, and readers that have the old
   * one mapped keep it. If anything fails, the temporary file is deleted.
   *
   * @param file what to write; an existing file is replaced
   * @throws IOException if writing fails
   * @throws IllegalArgumentException if a supplier returned the wrong number of bytes, or the
   *     header would be longer than the 100,000,000 bytes of the format
   * @throws ArithmeticException if all tensors together have 2<sup>63</sup> bytes or more
   */
  public void write(Path file) throws IOException {
    List<TensorData> ordered =
        entries.values().stream().sorted(FILE_ORDER).map(Entry::data).toList();
    List<TensorInfo> infos = new ArrayList<>();
    long begin = 0;
    for (TensorData data : ordered) {
      long end = Math.addExact(begin, data.extent().byteSize());
      infos.add(new TensorInfo(data.name(), data.extent(), begin, end));
      begin = end;
    }
    AtomicFile.write(
        file,
        channel -> {
          AtomicFile.writeFully(channel, HeaderWriter.write(infos, metadata, alignmentBytes));
          for (TensorData data : ordered) {
            data.writeTo(channel);
          }
        });
  }

  private static Extent extent(String name, DType dtype, long[] shape) {
    try {
      return Extent.of(dtype, shape.clone());
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "tensor %s: %s".formatted(SafetensorsException.quote(name), e.getMessage()), e);
    }
  }

  private static void checkText(String what, String text, int maxLength) {
    if (text.length() > maxLength) {
      throw new IllegalArgumentException(
          "%s too long: found %d characters, expected at most %d"
              .formatted(what, text.length(), maxLength));
    }
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
      throw new IllegalArgumentException(
          "%s %s has half of a surrogate pair".formatted(what, SafetensorsException.quote(text)));
    }
  }
}
