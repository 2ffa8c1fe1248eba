package io.github.nextclass.engine.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The vector width: the CPU's preferred one, at most 512 bits, or what the system property {@code
 * nextclass.vectorBits} (128, 256 or 512) says. Some CPUs run 512-bit vectors slower than 256-bit
 * ones, so it can be set; constants, because the JIT needs species to be constants.
 */
final class Lanes {
  static final String PROPERTY = "nextclass.vectorBits";

  static final VectorSpecies<Integer> I32 = IntVector.SPECIES_PREFERRED.withShape(shape());
  static final VectorSpecies<Float> F32 = I32.withLanes(float.class);
  static final int WIDTH = F32.length();

  private Lanes() {}

  private static VectorShape shape() {
    int preferred = FloatVector.SPECIES_PREFERRED.vectorBitSize();
    int bits = Integer.getInteger(PROPERTY, Math.min(preferred, 512));
    return switch (bits) {
      case 128 -> VectorShape.S_128_BIT;
      case 256 -> VectorShape.S_256_BIT;
      case 512 -> VectorShape.S_512_BIT;
      default ->
          throw new IllegalArgumentException(
              PROPERTY + " is " + bits + ", expected 128, 256 or 512");
    };
  }
}
