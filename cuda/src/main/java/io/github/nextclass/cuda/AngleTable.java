package io.github.nextclass.cuda;

import io.github.nextclass.engine.backend.Rope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The cosines and sines of each position that came up, from the same arithmetic as on the CPU: the
 * device's own cosine is another one. Kept, because every prompt begins at position 0.
 */
final class AngleTable {
  private final List<float @Nullable []> rows = new ArrayList<>();
  private @Nullable Rope rope;

  /** Cosines, then sines, {@code [headDim]}. */
  float[] of(Rope of, int position) {
    if (!of.equals(rope)) {
      rows.clear();
      rope = of;
    }
    while (rows.size() <= position) {
      rows.add(null);
    }
    float[] row = rows.get(position);
    if (row == null) {
      int half = of.inverseFrequencies().length;
      float[] cosines = new float[half];
      float[] sines = new float[half];
      of.angles(position, cosines, sines);
      row = Arrays.copyOf(cosines, 2 * half);
      System.arraycopy(sines, 0, row, half, half);
      rows.set(position, row);
    }
    return row;
  }
}
