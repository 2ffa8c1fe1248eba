package io.github.nextclass.engine;

import java.util.Locale;

/**
 * How the keys and values of a sequence are held. {@link Engine#kvBytesPerPosition} tells what a
 * position takes. What each costs in quality stands in docs/quantization.md.
 */
public enum KvCacheFormat {
  /** 32-bit floats: nothing is rounded. */
  F32,

  /**
   * 16-bit brain floats, rounded to nearest even: what a bf16 model in transformers keeps. Half the
   * memory, and half the reading in a long context.
   */
  BF16,

  /**
   * 8-bit levels from -127 to 127 with a bf16 scale for each 32 numbers of a head: 8.5 bits a
   * number, as in llama.cpp's q8_0. A quarter of the memory, and about the time of BF16.
   */
  Q8;

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
