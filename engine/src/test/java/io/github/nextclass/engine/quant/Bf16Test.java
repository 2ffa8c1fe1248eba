package io.github.nextclass.engine.quant;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class Bf16Test {
  private static final int SEED = 7;

  @Test
  void everyBf16IsItsOwnRounding() {
    for (int i = 0; i < 1 << 16; i++) {
      float value = Bf16.widen((short) i);
      if (!Float.isNaN(value)) {
        assertThat(Bf16.round(value)).isEqualTo((short) i);
      }
    }
  }

  /** The nearest of both neighbours, and of two as near the even one. */
  @Test
  void roundsToNearestTiesToEven() {
    Random random = new Random(SEED);
    for (int i = 0; i < 100_000; i++) {
      int bits = random.nextInt() & 0x7effffff;
      if (i % 4 == 0) {
        bits = (bits & 0xffff0000) | 0x8000; // a tie
      }
      float x = Float.intBitsToFloat(bits);
      float below = Float.intBitsToFloat(bits & 0xffff0000);
      float above = Float.intBitsToFloat((bits & 0xffff0000) + 0x10000);
      double down = (double) x - below;
      double up = (double) above - x;
      boolean evenBelow = ((bits >>> 16) & 1) == 0;
      float expected = down < up || (down == up && evenBelow) ? below : above;
      assertThat(Bf16.widen(Bf16.round(x))).isEqualTo(expected);
      assertThat(Bf16.widen(Bf16.round(-x))).isEqualTo(-expected);
    }
  }

  @Test
  void extremesKeepTheirMeaning() {
    assertThat(Bf16.widen(Bf16.round(Float.NaN))).isNaN();
    assertThat(Bf16.widen(Bf16.round(Float.intBitsToFloat(0x7f800001)))).isNaN();
    assertThat(Bf16.widen(Bf16.round(Float.intBitsToFloat(0xff800001)))).isNaN();
    assertThat(Bf16.widen(Bf16.round(Float.NEGATIVE_INFINITY))).isEqualTo(Float.NEGATIVE_INFINITY);
    assertThat(Bf16.widen(Bf16.round(Float.MAX_VALUE))).isEqualTo(Float.POSITIVE_INFINITY);
    assertThat(Bf16.widen(Bf16.round(-0f))).isEqualTo(-0f);
  }
}
