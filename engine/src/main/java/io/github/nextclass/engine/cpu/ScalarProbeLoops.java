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
      a = Math.fma(a, m, m);
      b = Math.fma(b, m, m);
      c = Math.fma(c, m, m);
      d = Math.fma(d, m, m);
      e = Math.fma(e, m, m);
      f = Math.fma(f, m, m);
      g = Math.fma(g, m, m);
      h = Math.fma(h, m, m);
      i = Math.fma(i, m, m);
      j = Math.fma(j, m, m);
      k = Math.fma(k, m, m);
      l = Math.fma(l, m, m);
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
