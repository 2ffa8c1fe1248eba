package io.github.nextclass.safetensors;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The element types of the safetensors format, named as in the file.
 *
 * <p>The order of the constants is that of the Rust reference ({@code Dtype} in {@code tensor.rs}):
 * increasing alignment. The writer lays tensors out in the reverse of it, so that wide elements
 * come first and every tensor is aligned to its own element.
 */
public enum DType {
  /** Boolean, one byte, 0 or 1. */
  BOOL(8),
  /** 4-bit float E2M1 (OCP MX), two elements in a byte. */
  F4(4),
  /** 6-bit float E2M3 (OCP MX), four elements in three bytes. */
  F6_E2M3(6),
  /** 6-bit float E3M2 (OCP MX), four elements in three bytes. */
  F6_E3M2(6),
  /** Unsigned 8-bit integer. */
  U8(8),
  /** Signed 8-bit integer. */
  I8(8),
  /** 8-bit float, 5 exponent and 2 mantissa bits, with infinities. */
  F8_E5M2(8),
  /**
   * 8-bit float, 4 exponent and 3 mantissa bits, no infinities, NaN at 0x7f and 0xff; PyTorch's
   * {@code float8_e4m3fn}.
   */
  F8_E4M3(8),
  /** 8-bit exponent without sign or mantissa (OCP MX scale). */
  F8_E8M0(8),
  /** Variant of E4M3 without negative zero; PyTorch's {@code float8_e4m3fnuz}. */
  F8_E4M3FNUZ(8),
  /** Variant of E5M2 without negative zero and infinities; PyTorch's {@code float8_e5m2fnuz}. */
  F8_E5M2FNUZ(8),
  /** Signed 16-bit integer. */
  I16(16),
  /** Unsigned 16-bit integer. */
  U16(16),
  /** IEEE 754 half precision. */
  F16(16),
  /** bfloat16: the upper half of an IEEE 754 single. */
  BF16(16),
  /** Signed 32-bit integer. */
  I32(32),
  /** Unsigned 32-bit integer. */
  U32(32),
  /** IEEE 754 single precision. */
  F32(32),
  /** Complex number of two singles. */
  C64(64),
  /** IEEE 754 double precision. */
  F64(64),
  /** Signed 64-bit integer. */
  I64(64),
  /** Unsigned 64-bit integer. */
  U64(64);

  private static final Map<String, DType> BY_NAME =
      Arrays.stream(values())
          .collect(Collectors.toUnmodifiableMap(DType::name, Function.identity()));

  private final int bits;

  DType(int bits) {
    this.bits = bits;
  }

  /**
   * Returns the size of one element.
   *
   * @return bits per element: 4, 6, 8, 16, 32 or 64
   */
  public int bits() {
    return bits;
  }

  /**
   * Finds the type that a file names.
   *
   * @param name as it stands in the file, for example {@code "BF16"}; case matters
   * @return the type, or empty where the format knows none of that name
   */
  public static Optional<DType> ofName(String name) {
    return Optional.ofNullable(BY_NAME.get(name));
  }

  /** All names in the order of declaration, for messages. */
  static String knownNames() {
    return Arrays.stream(values()).map(DType::name).collect(Collectors.joining(", "));
  }

  /**
   * The bytes that so many elements take.
   *
   * @return the size, or -1 where the elements do not fill whole bytes (F4 and F6 only)
   * @throws ArithmeticException if the number of bits does not fit in a long
   */
  long byteSize(long elementCount) {
    // Whole bytes first: a tensor of 2^61 single bytes fits in a long, its count of bits does not.
    if (bits % 8 == 0) {
      return Math.multiplyExact(elementCount, (long) (bits / 8));
    }
    long totalBits = Math.multiplyExact(elementCount, (long) bits);
    return totalBits % 8 == 0 ? totalBits / 8 : -1;
  }
}
