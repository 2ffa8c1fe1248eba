package io.github.nextclass.engine.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nextclass.engine.KvCacheFormat;
import io.github.nextclass.engine.quant.Bf16;
import java.lang.foreign.Arena;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Numbers come back from a panel as their format says, whatever else is written beside them. */
class KvPanelTest {
  private static final int BLOCK = Primitives.BLOCK;

  private final Random random = new Random(20261126);

  private float[][] numbers(int headDim) {
    float[][] x = new float[BLOCK][headDim];
    for (float[] position : x) {
      for (int d = 0; d < headDim; d++) {
        position[d] = (float) random.nextGaussian() * (random.nextInt(40) == 0 ? 30f : 1f);
      }
    }
    return x;
  }

  private static KvPanel filled(KvCacheFormat format, boolean keys, float[][] x) {
    int headDim = x[0].length;
    long bytes = KvPanel.bytes(format, headDim);
    KvPanel panel = KvPanel.of(format, keys, Arena.ofAuto().allocate(bytes), 0, headDim);
    for (int position = 0; position < BLOCK; position++) {
      panel.put(position, x[position], 0);
    }
    return panel;
  }

  @ParameterizedTest
  @ValueSource(ints = {6, 16, 64, 80, 128})
  void floatsComeBackAsTheyAre(int headDim) {
    float[][] x = numbers(headDim);
    for (boolean keys : new boolean[] {true, false}) {
      KvPanel panel = filled(KvCacheFormat.F32, keys, x);
      for (int p = 0; p < BLOCK; p++) {
        for (int d = 0; d < headDim; d++) {
          assertThat(panel.get(p, d)).isEqualTo(x[p][d]);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {6, 16, 64, 80, 128})
  void halvesAreRoundedToNearest(int headDim) {
    float[][] x = numbers(headDim);
    for (boolean keys : new boolean[] {true, false}) {
      KvPanel panel = filled(KvCacheFormat.BF16, keys, x);
      for (int p = 0; p < BLOCK; p++) {
        for (int d = 0; d < headDim; d++) {
          assertThat(panel.get(p, d)).isEqualTo(Bf16.widen(Bf16.round(x[p][d])));
        }
      }
    }
  }

  /** Half a level, and the scale may be four steps of bf16, of 2^-8 at most, above a 127th. */
  @ParameterizedTest
  @ValueSource(ints = {6, 16, 64, 80, 128})
  void levelsAreWithinHalfALevel(int headDim) {
    float[][] x = numbers(headDim);
    for (boolean keys : new boolean[] {true, false}) {
      KvPanel panel = filled(KvCacheFormat.Q8, keys, x);
      for (int p = 0; p < BLOCK; p++) {
        for (int d = 0; d < headDim; d++) {
          float largest = 0f;
          int run = d / KvPanel.RUN * KvPanel.RUN;
          for (int i = run; i < Math.min(run + KvPanel.RUN, headDim); i++) {
            largest = Math.max(largest, Math.abs(x[p][i]));
          }
          assertThat(Math.abs(panel.get(p, d) - x[p][d]))
              .isLessThanOrEqualTo(largest / 127 * 0.51f);
        }
      }
    }
  }

  /**
   * llama.cpp's q8_0: blocks of 32, a scale in half precision, levels rounded by the exact scale.
   */
  private static float[] q8x0(float[] x) {
    float[] rounded = new float[x.length];
    for (int from = 0; from < x.length; from += 32) {
      float largest = 0f;
      for (int i = from; i < from + 32; i++) {
        largest = Math.max(largest, Math.abs(x[i]));
      }
      float scale = largest / 127;
      float held = Float.float16ToFloat(Float.floatToFloat16(scale));
      for (int i = from; i < from + 32; i++) {
        rounded[i] = Math.round(x[i] / scale) * held;
      }
    }
    return rounded;
  }

  @Test
  void noLessExactThanLlamaCppInAsManyBits() {
    double ours = 0;
    double theirs = 0;
    for (int round = 0; round < 20; round++) {
      float[][] x = numbers(128);
      KvPanel panel = filled(KvCacheFormat.Q8, true, x);
      for (int p = 0; p < BLOCK; p++) {
        float[] rounded = q8x0(x[p]);
        for (int d = 0; d < 128; d++) {
          ours += Math.pow((double) panel.get(p, d) - x[p][d], 2);
          theirs += Math.pow((double) rounded[d] - x[p][d], 2);
        }
      }
    }
    assertThat(Math.sqrt(ours / theirs)).isBetween(0.9, 1.0);
  }

  @ParameterizedTest
  @CsvSource({"F32, 128, 32", "BF16, 128, 16", "Q8, 128, 8.5", "Q8, 64, 8.5", "BF16, 80, 16"})
  void bitsOfANumber(KvCacheFormat format, int headDim, double bits) {
    assertThat(KvPanel.bytes(format, headDim) * 8.0 / (BLOCK * headDim)).isEqualTo(bits);
  }

  @Test
  void noTwoWordsLieInTheSamePlace() {
    for (KvCacheFormat format : KvCacheFormat.values()) {
      for (int headDim : new int[] {6, 16, 64, 80, 128, 160}) {
        for (boolean keys : new boolean[] {true, false}) {
          KvPanel panel = filled(format, keys, new float[BLOCK][headDim]);
          Set<Long> words = new HashSet<>();
          for (int lane = 0; lane < panel.lanes(); lane++) {
            for (int t = 0; t < panel.terms(); t += KvPanel.parts(format)) {
              assertThat(words.add(panel.wordBytes(lane, t))).isTrue();
            }
          }
          for (int run = 0; run < (format == KvCacheFormat.Q8 ? headDim : 0); run += 64) {
            for (int position = 0; position < BLOCK; position++) {
              assertThat(words.add(panel.scaleWordBytes(position, run / KvPanel.RUN))).isTrue();
            }
          }
          assertThat(words).allMatch(at -> at >= 0 && at + 4 <= KvPanel.bytes(format, headDim));
        }
      }
    }
  }

  @Test
  void numbersThatAreNotFiniteStayRecognisable() {
    float[][] x = numbers(64);
    x[3][5] = Float.NaN;
    x[4][40] = Float.POSITIVE_INFINITY;
    for (KvCacheFormat format : KvCacheFormat.values()) {
      KvPanel panel = filled(format, true, x);
      assertThat(panel.get(3, 5)).isNaN();
      assertThat(Float.isFinite(panel.get(4, 40))).isFalse();
      assertThat(Float.isFinite(panel.get(3, 40))).isTrue(); // another run of 32, another scale
      assertThat(Float.isFinite(panel.get(4, 5))).isTrue();
    }
  }

  @Test
  void zerosAndNumbersThatAreNearlyZeroAreFinite() {
    float[][] x = new float[BLOCK][32];
    x[1][0] = Float.MIN_VALUE;
    x[2][0] = 1e-30f;
    KvPanel panel = filled(KvCacheFormat.Q8, false, x);
    assertThat(panel.get(0, 0)).isEqualTo(0f);
    assertThat(panel.get(1, 0)).isEqualTo(0f);
    assertThat(panel.get(2, 1)).isEqualTo(0f);
  }
}
