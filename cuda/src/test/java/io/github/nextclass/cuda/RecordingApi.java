package io.github.nextclass.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** A driver that runs nothing and writes down what it is told. */
final class RecordingApi implements CudaApi {
  private final int driverVersion;
  private final int deviceCount;
  private final Device device;
  private final Set<Object> held = new HashSet<>();
  private long nextAddress = 1 << 20;
  private boolean capturing;

  /** What was put on the stream, such as {@code launch add}, {@code copyToDevice 64}. */
  final List<String> calls = new ArrayList<>();

  private record Memory(long address, long byteSize) implements DeviceMemory {}

  private static final class Pinned implements PinnedMemory {
    private final MemorySegment segment;

    Pinned(long bytes) {
      segment = Arena.ofAuto().allocate(bytes, 8);
    }

    @Override
    public MemorySegment segment() {
      return segment;
    }
  }

  private record Named(String name) implements Function {}

  private static final class Captured implements Graph {}

  RecordingApi(int driverVersion, int deviceCount, int computeCapability) {
    this.driverVersion = driverVersion;
    this.deviceCount = deviceCount;
    this.device = new Device("recording", computeCapability, 132, 227 << 10, 1L << 40);
  }

  /** What was taken and not given back. */
  int heldCount() {
    return held.size();
  }

  @Override
  public int driverVersion() {
    return driverVersion;
  }

  @Override
  public int deviceCount() {
    return deviceCount;
  }

  @Override
  public Device device(int ordinal) {
    return device;
  }

  @Override
  public void open(int ordinal) {}

  @Override
  public void enter() {}

  @Override
  public void leave() {}

  @Override
  public long freeBytes() {
    return device.totalBytes();
  }

  private <T> T take(T taken) {
    held.add(taken);
    return taken;
  }

  private void giveBack(Object taken) {
    if (!held.remove(taken)) {
      throw new AssertionError("freed twice, or never taken");
    }
  }

  @Override
  public DeviceMemory allocate(long bytes) {
    nextAddress += bytes + 4096;
    return take(new Memory(nextAddress - bytes - 4096, bytes));
  }

  @Override
  public void free(DeviceMemory memory) {
    giveBack(memory);
  }

  @Override
  public PinnedMemory allocatePinned(long bytes) {
    return take(new Pinned(bytes));
  }

  @Override
  public void freePinned(PinnedMemory memory) {
    giveBack(memory);
  }

  @Override
  public void copyToDevice(PinnedMemory from, DeviceMemory to, long toOffset, long bytes) {
    note("copyToDevice");
  }

  @Override
  public void copyToHost(DeviceMemory from, long fromOffset, PinnedMemory to, long bytes) {
    note("copyToHost " + bytes);
  }

  @Override
  public void copyOnDevice(DeviceMemory from, DeviceMemory to) {
    note("copyOnDevice");
  }

  @Override
  public void clear(DeviceMemory memory) {
    note("clear");
  }

  @Override
  public void load(String ptx) {
    note("load");
  }

  @Override
  public Function function(String name, int sharedBytes) {
    return new Named(name);
  }

  @Override
  public TensorMap tensorMap(long address, int rows, int columns, int boxRows) {
    return new TensorMap(new byte[TensorMap.BYTES]);
  }

  @Override
  public void launch(Function function, Launch launch, boolean overlaps) {
    String name = ((Named) function).name();
    calls.add((capturing ? "capture " : "launch ") + name + (overlaps ? " overlapping" : ""));
  }

  private void note(String call) {
    if (capturing) {
      throw new AssertionError(call + " while a graph is captured");
    }
    calls.add(call);
  }

  @Override
  public void beginCapture() {
    capturing = true;
  }

  @Override
  public Graph endCapture() {
    capturing = false;
    return take(new Captured());
  }

  @Override
  public void launch(Graph graph) {
    note("graph");
  }

  @Override
  public void free(Graph graph) {
    giveBack(graph);
  }

  @Override
  public void synchronize() {
    note("synchronize");
  }

  @Override
  public void close() {}
}
