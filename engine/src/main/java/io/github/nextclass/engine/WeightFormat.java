package io.github.nextclass.engine;

import java.util.Locale;

/**
 * How the matrices of a model are held while it runs. Norms and biases are floats in all of them.
 */
public enum WeightFormat {
  /** As the checkpoint has them. */
  AS_STORED(0),

  /** 8.5 bits a weight: quantised while loading, see docs/quantization.md. */
  Q8(8),

  /** 4.5 bits a weight, likewise. */
  Q4(4);

  private final int bits;

  WeightFormat(int bits) {
    this.bits = bits;
  }

  /** The size of a level; 0 where nothing is quantised. */
  int bits() {
    return bits;
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }
}
