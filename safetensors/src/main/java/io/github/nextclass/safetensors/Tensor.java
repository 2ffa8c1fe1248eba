package io.github.nextclass.safetensors;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Objects;

/**
 * One tensor of an open {@link TensorSource}: row-major (C order), little-endian, read-only.
 *
 * <p>The element methods are for inspection, tests and small tensors; kernels read {@link
 * #segment()}. The format does not promise that a tensor is aligned to its element, so read the
 * segment with unaligned layouts.
 *
 * <p>Immutable and safe for use by many threads, until the source is closed.
 */
public final class Tensor {
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Some JVMs cannot make arrays of the very last lengths. */
  private static final int MAX_ARRAY_LENGTH = Integer.MAX_VALUE - 8;

  /** A cache line, as wide as the widest vector. */
  private static final long ROW_ALIGNMENT = 64;

  private final TensorInfo info;
  private final MemorySegment segment;

  Tensor(TensorInfo info, MemorySegment segment) {
    this.info = info;
    this.segment = segment;
  }

  /**
   * Returns the name.
   *
   * @return the full name, as in the file
   */
  public String name() {
    return info.name();
  }

  /**
   * Returns the element type.
   *
   * @return the type that the file states
   */
  public DType dtype() {
    return info.extent().dtype();
  }

  /**
   * Returns the shape, outermost dimension first.
   *
   * @return a copy; empty for a scalar; dimensions may be 0
   */
  public long[] shape() {
    return info.extent().shape().clone();
  }

  /**
   * Returns the number of dimensions.
   *
   * @return 0 for a scalar
   */
  public int rank() {
    return info.extent().shape().length;
  }

  /**
   * Returns the number of elements.
   *
   * @return the product of the shape; 1 for a scalar, 0 if a dimension is 0
   */
  public long elementCount() {
    return info.extent().elementCount();
  }

  /**
   * Returns the size of the data.
   *
   * @return bytes
   */
  public long byteSize() {
    return info.extent().byteSize();
  }

  /**
   * Returns the data itself, exactly its bytes, without a copy.
   *
   * @return read-only; access after the source was closed is an {@link IllegalStateException}
   */
  public MemorySegment segment() {
    return segment;
  }

  /**
   * Returns one element of an F32, F16, BF16 or F8_E4M3 tensor; each is exact as a float.
   *
   * @param index in row-major order, 0 to {@code elementCount() - 1}
   * @return the value
   * @throws IllegalArgumentException if the tensor has another type
   * @throws IndexOutOfBoundsException if there is no such element
   * @throws IllegalStateException if the source is closed
   */
  public float floatAt(long index) {
    return switch (info.extent().dtype()) {
      case F32 -> segment.get(FLOAT, check(index) * Float.BYTES);
      case F16 -> Float.float16ToFloat(segment.get(SHORT, check(index) * Short.BYTES));
      case BF16 -> SmallFloats.bfloat16ToFloat(segment.get(SHORT, check(index) * Short.BYTES));
      case F8_E4M3 ->
          SmallFloats.float8E4m3ToFloat(segment.get(ValueLayout.JAVA_BYTE, check(index)));
      default -> throw wrongType("F32, F16, BF16 or F8_E4M3");
    };
  }

  /**
   * Returns all elements of an F32, F16, BF16 or F8_E4M3 tensor.
   *
   * @return a new array [elementCount], row-major
   * @throws IllegalArgumentException if the tensor has another type, or more elements than an array
   *     can hold
   * @throws IllegalStateException if the source is closed
   */
  public float[] toFloatArray() {
    if (info.extent().elementCount() > MAX_ARRAY_LENGTH) {
      throw new IllegalArgumentException(
          "%s has %d elements, an array holds at most %d"
              .formatted(this, info.extent().elementCount(), MAX_ARRAY_LENGTH));
    }
    return switch (info.extent().dtype()) {
      case F32 -> segment.toArray(FLOAT);
      case F16, BF16, F8_E4M3 -> {
        float[] values = new float[(int) info.extent().elementCount()];
        for (int i = 0; i < values.length; i++) {
          values[i] = floatAt(i);
        }
        yield values;
      }
      default -> throw wrongType("F32, F16, BF16 or F8_E4M3");
    };
  }

  /**
   * Returns one element of an I8, U8 or I32 tensor.
   *
   * @param index in row-major order, 0 to {@code elementCount() - 1}
   * @return the value; U8 as 0 to 255
   * @throws IllegalArgumentException if the tensor has another type
   * @throws IndexOutOfBoundsException if there is no such element
   * @throws IllegalStateException if the source is closed
   */
  public int intAt(long index) {
    return switch (info.extent().dtype()) {
      case I8 -> segment.get(ValueLayout.JAVA_BYTE, check(index));
      case U8 -> Byte.toUnsignedInt(segment.get(ValueLayout.JAVA_BYTE, check(index)));
      case I32 -> segment.get(INT, check(index) * Integer.BYTES);
      default -> throw wrongType("I8, U8 or I32");
    };
  }

  /**
   * Returns one element of an I8, U8, I32 or I64 tensor.
   *
   * @param index in row-major order, 0 to {@code elementCount() - 1}
   * @return the value; U8 as 0 to 255
   * @throws IllegalArgumentException if the tensor has another type
   * @throws IndexOutOfBoundsException if there is no such element
   * @throws IllegalStateException if the source is closed
   */
  public long longAt(long index) {
    return switch (info.extent().dtype()) {
      case I8, U8, I32 -> intAt(index);
      case I64 -> segment.get(LONG, check(index) * Long.BYTES);
      default -> throw wrongType("I8, U8, I32 or I64");
    };
  }

  /**
   * Copies some rows of a matrix: of the {@code [vocabSize, hiddenSize]} of an LM head those of two
   * classes, say.
   *
   * @param rows which, in the order wanted; a row may be wanted twice
   * @return a tensor of the same name and type, {@code [rows.length, columns]}, in memory of its
   *     own that lives as long as it is used
   * @throws IllegalArgumentException if this is no matrix, or its rows are not whole bytes
   * @throws IndexOutOfBoundsException if there is no such row
   * @throws IllegalStateException if the source is closed
   */
  public Tensor selectRows(int... rows) {
    long[] shape = info.extent().shape();
    if (shape.length != 2) {
      throw new IllegalArgumentException(this + ": found " + rank() + " dimensions, expected 2");
    }
    long rowBytes = Extent.of(dtype(), new long[] {shape[1]}).byteSize();
    Extent extent = Extent.of(dtype(), new long[] {rows.length, shape[1]});
    MemorySegment copy = Arena.ofAuto().allocate(extent.byteSize(), ROW_ALIGNMENT);
    for (int i = 0; i < rows.length; i++) {
      long row = Objects.checkIndex((long) rows[i], shape[0]);
      MemorySegment.copy(segment, row * rowBytes, copy, i * rowBytes, rowBytes);
    }
    return new Tensor(new TensorInfo(name(), extent, 0, extent.byteSize()), copy.asReadOnly());
  }

  /** Name, type and shape, for messages. */
  @Override
  public String toString() {
    return "tensor %s %s".formatted(SafetensorsException.quote(info.name()), info.extent());
  }

  private long check(long index) {
    return Objects.checkIndex(index, info.extent().elementCount());
  }

  private IllegalArgumentException wrongType(String expected) {
    return new IllegalArgumentException(
        this + ": found dtype " + dtype() + ", expected " + expected);
  }
}
