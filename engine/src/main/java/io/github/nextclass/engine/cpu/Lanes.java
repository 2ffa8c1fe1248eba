package io.github.nextclass.engine.cpu;

import java.util.Set;
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

  /**
   * Whether there are 32 vector registers, as AVX-512, NEON and SVE have; AVX2 has 16, too few for
   * tiles of sixteen sums: with seven of them in memory a prompt ran at half of the speed. Eight
   * sums keep two multiply-add units busy, sixteen the four units that some ARM cores have. The
   * system property {@code nextclass.vectorRegisters} (16 or 32) overrides it.
   */
  static final boolean MANY_REGISTERS =
      Integer.getInteger("nextclass.vectorRegisters", registers()) >= 32;

  private Lanes() {}

  private static int registers() {
    boolean x86 = Set.of("amd64", "x86_64", "x86", "i386").contains(System.getProperty("os.arch"));
    return x86 && F32.vectorBitSize() < 512 ? 16 : 32;
  }

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
