package io.github.nextclass.engine;

/**
 * How the keys and values of a sequence are held. On a CPU the half takes half the memory and about
 * the same time: a block that is read is widened first.
 */
public enum KvCacheFormat {
  /** 32-bit floats: nothing is rounded. */
  F32(Float.BYTES),

  /**
   * 16-bit brain floats, rounded to nearest even: what a bf16 model in transformers keeps. Scores
   * move by about one part in a hundred.
   */
  BF16(Short.BYTES);

  private final int elementBytes;

  KvCacheFormat(int elementBytes) {
    this.elementBytes = elementBytes;
  }

  /**
   * The size of a number.
   *
   * @return the number of bytes
   */
  public int elementBytes() {
    return elementBytes;
  }
}
