package io.github.nextclass.engine.cpu;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;

/** {@link ProbeLoops} where there is no Vector API. */
final class ScalarProbeLoops implements ProbeLoops {
  private static final int CHAINS = 12;

  @Override
  public int fmasPerRound() {
    return CHAINS;
  }

  @Override
  public float fma(int rounds) {
    float m = 0.999f;
    float a = 1;
    float b = 2;
    float c = 3;
    float d = 4;
    float e = 5;
    float f = 6;
    float g = 7;
    float h = 8;
    float i = 9;
    float j = 10;
    float k = 11;
    float l = 12;
    for (int round = 0; round < rounds; round++) {
      a = Math.fma(m, m, a);
      b = Math.fma(m, m, b);
      c = Math.fma(m, m, c);
      d = Math.fma(m, m, d);
      e = Math.fma(m, m, e);
      f = Math.fma(m, m, f);
      g = Math.fma(m, m, g);
      h = Math.fma(m, m, h);
      i = Math.fma(m, m, i);
      j = Math.fma(m, m, j);
      k = Math.fma(m, m, k);
      l = Math.fma(m, m, l);
    }
    return a + b + c + d + e + f + g + h + i + j + k + l;
  }

  @Override
  public int read(MemorySegment segment, long fromByte, long toByte) {
    long sum = 0;
    for (long at = fromByte; at < toByte; at += Long.BYTES) {
      sum += segment.get(JAVA_LONG_UNALIGNED, at);
    }
    return Long.hashCode(sum);
  }
}
