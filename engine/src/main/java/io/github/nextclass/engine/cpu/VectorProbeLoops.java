package io.github.nextclass.engine.cpu;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** {@link ProbeLoops} with the Vector API, at the width of the kernels. */
final class VectorProbeLoops implements ProbeLoops {
  private static final int CHAINS = 12;

  @Override
  public int fmasPerRound() {
    return CHAINS * Lanes.WIDTH;
  }

  @Override
  public float fma(int rounds) {
    FloatVector m = FloatVector.broadcast(Lanes.F32, 0.999f);
    FloatVector a = FloatVector.broadcast(Lanes.F32, 1);
    FloatVector b = FloatVector.broadcast(Lanes.F32, 2);
    FloatVector c = FloatVector.broadcast(Lanes.F32, 3);
    FloatVector d = FloatVector.broadcast(Lanes.F32, 4);
    FloatVector e = FloatVector.broadcast(Lanes.F32, 5);
    FloatVector f = FloatVector.broadcast(Lanes.F32, 6);
    FloatVector g = FloatVector.broadcast(Lanes.F32, 7);
    FloatVector h = FloatVector.broadcast(Lanes.F32, 8);
    FloatVector i = FloatVector.broadcast(Lanes.F32, 9);
    FloatVector j = FloatVector.broadcast(Lanes.F32, 10);
    FloatVector k = FloatVector.broadcast(Lanes.F32, 11);
    FloatVector l = FloatVector.broadcast(Lanes.F32, 12);
    for (int round = 0; round < rounds; round++) {
      a = m.fma(m, a);
      b = m.fma(m, b);
      c = m.fma(m, c);
      d = m.fma(m, d);
      e = m.fma(m, e);
      f = m.fma(m, f);
      g = m.fma(m, g);
      h = m.fma(m, h);
      i = m.fma(m, i);
      j = m.fma(m, j);
      k = m.fma(m, k);
      l = m.fma(m, l);
    }
    FloatVector sum =
        a.add(b).add(c).add(d).add(e).add(f).add(g).add(h).add(i).add(j).add(k).add(l);
    return sum.reduceLanes(VectorOperators.ADD);
  }

  @Override
  public int read(MemorySegment segment, long fromByte, long toByte) {
    IntVector a = IntVector.zero(Lanes.I32);
    IntVector b = a;
    IntVector c = a;
    IntVector d = a;
    long width = Lanes.I32.vectorByteSize();
    for (long at = fromByte; at < toByte; at += 4 * width) {
      a = a.add(IntVector.fromMemorySegment(Lanes.I32, segment, at, LITTLE_ENDIAN));
      b = b.add(IntVector.fromMemorySegment(Lanes.I32, segment, at + width, LITTLE_ENDIAN));
      c = c.add(IntVector.fromMemorySegment(Lanes.I32, segment, at + 2 * width, LITTLE_ENDIAN));
      d = d.add(IntVector.fromMemorySegment(Lanes.I32, segment, at + 3 * width, LITTLE_ENDIAN));
    }
    return a.add(b).add(c).add(d).reduceLanes(VectorOperators.ADD);
  }
}
