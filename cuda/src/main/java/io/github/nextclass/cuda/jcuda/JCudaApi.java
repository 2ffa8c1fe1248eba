package io.github.nextclass.cuda.jcuda;

import io.github.nextclass.cuda.CudaApi;
import io.github.nextclass.cuda.CudaException;
import io.github.nextclass.cuda.Launch;
import io.github.nextclass.cuda.TensorMap;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUfunction;
import jcuda.driver.CUfunction_attribute;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUjit_option;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;
import jcuda.driver.JITOptions;
import org.jspecify.annotations.Nullable;

/** The driver through JCuda. Made by {@link DriverLoader}, in a class loader of its own. */
public final class JCudaApi implements CudaApi {
  /** Calls of other threads that free memory do not break a capture. */
  private static final int CAPTURE_OF_THIS_THREAD = 1;

  private static final int COMPILER_LOG_BYTES = 4096;

  private static final int FIRST_STICKY_ERROR = 700;
  private static final int LAST_STICKY_ERROR = 799;

  private final CUdevice device = new CUdevice();
  private final CUcontext context = new CUcontext();
  private final Stream stream = new Stream();
  private final List<CUmodule> modules = new ArrayList<>();
  private @Nullable ExtendedLaunch extended;
  private @Nullable TensorMapEncoder tensorMaps;

  /** A failed kernel ends the context: freeing what is in it only repeats the error. */
  private volatile boolean failed;

  private boolean isOpen;

  private static final class Memory extends CUdeviceptr implements DeviceMemory {
    private final long byteSize;

    Memory(long byteSize) {
      this.byteSize = byteSize;
    }

    @Override
    public long address() {
      return getNativePointer();
    }

    @Override
    public long byteSize() {
      return byteSize;
    }
  }

  private record Pinned(Pointer pointer, MemorySegment segment) implements PinnedMemory {}

  /** JCuda hides the handle that a call through java.lang.foreign needs. */
  private static final class Kernel extends CUfunction implements Function {
    long handle() {
      return getNativePointer();
    }
  }

  private static final class Stream extends CUstream {
    long handle() {
      return getNativePointer();
    }
  }

  private record Captured(CUgraph graph, CUgraphExec executable) implements Graph {}

  /** Initialises the driver. */
  public JCudaApi() {
    check("cuInit", JCudaDriver.cuInit(0));
  }

  private void check(String what, int code) {
    if (code != CUresult.CUDA_SUCCESS) {
      failed |= code >= FIRST_STICKY_ERROR && code <= LAST_STICKY_ERROR;
      throw new CudaException(what, code, CUresult.stringFor(code));
    }
  }

  @Override
  public int driverVersion() {
    int[] version = new int[1];
    check("cuDriverGetVersion", JCudaDriver.cuDriverGetVersion(version));
    return version[0];
  }

  @Override
  public int deviceCount() {
    int[] count = new int[1];
    check("cuDeviceGetCount", JCudaDriver.cuDeviceGetCount(count));
    return count[0];
  }

  @Override
  public Device device(int ordinal) {
    CUdevice of = new CUdevice();
    check("cuDeviceGet", JCudaDriver.cuDeviceGet(of, ordinal));
    byte[] name = new byte[256];
    check("cuDeviceGetName", JCudaDriver.cuDeviceGetName(name, name.length, of));
    long[] bytes = new long[1];
    check("cuDeviceTotalMem", JCudaDriver.cuDeviceTotalMem(bytes, of));
    return new Device(
        new String(name, StandardCharsets.UTF_8).split("\0", 2)[0],
        10 * attribute(of, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)
            + attribute(of, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR),
        attribute(of, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT),
        attribute(of, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN),
        bytes[0]);
  }

  private int attribute(CUdevice of, int id) {
    int[] value = new int[1];
    check("cuDeviceGetAttribute", JCudaDriver.cuDeviceGetAttribute(value, id, of));
    return value[0];
  }

  @Override
  public void open(int ordinal) {
    check("cuDeviceGet", JCudaDriver.cuDeviceGet(device, ordinal));
    check("cuDevicePrimaryCtxRetain", JCudaDriver.cuDevicePrimaryCtxRetain(context, device));
    isOpen = true;
    enter();
    try {
      check(
          "cuStreamCreate",
          JCudaDriver.cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING));
    } finally {
      leave();
    }
  }

  @Override
  public void enter() {
    checkUnlessFailed("cuCtxPushCurrent", JCudaDriver.cuCtxPushCurrent(context));
  }

  @Override
  public void leave() {
    checkUnlessFailed("cuCtxPopCurrent", JCudaDriver.cuCtxPopCurrent(new CUcontext()));
  }

  /** Around what frees things: after a failed kernel it must go on. */
  private void checkUnlessFailed(String what, int code) {
    if (!failed) {
      check(what, code);
    }
  }

  @Override
  public long freeBytes() {
    long[] free = new long[1];
    check("cuMemGetInfo", JCudaDriver.cuMemGetInfo(free, new long[1]));
    return free[0];
  }

  @Override
  public DeviceMemory allocate(long bytes) {
    Memory memory = new Memory(bytes);
    check("cuMemAlloc of " + bytes + " bytes", JCudaDriver.cuMemAlloc(memory, bytes));
    return memory;
  }

  @Override
  public void free(DeviceMemory memory) {
    if (!failed) {
      check("cuMemFree", JCudaDriver.cuMemFree((Memory) memory));
    }
  }

  @Override
  public PinnedMemory allocatePinned(long bytes) {
    Pointer pointer = new Pointer();
    check("cuMemHostAlloc of " + bytes + " bytes", JCudaDriver.cuMemHostAlloc(pointer, bytes, 0));
    return new Pinned(pointer, MemorySegment.ofBuffer(pointer.getByteBuffer(0, bytes)));
  }

  @Override
  public void freePinned(PinnedMemory memory) {
    if (!failed) {
      check("cuMemFreeHost", JCudaDriver.cuMemFreeHost(((Pinned) memory).pointer()));
    }
  }

  @Override
  public void copyToDevice(PinnedMemory from, DeviceMemory to, long toOffset, long bytes) {
    check(
        "copy to the device",
        JCudaDriver.cuMemcpyHtoDAsync(
            ((Memory) to).withByteOffset(toOffset), ((Pinned) from).pointer(), bytes, stream));
  }

  @Override
  public void copyToHost(DeviceMemory from, long fromOffset, PinnedMemory to, long bytes) {
    check(
        "copy from the device",
        JCudaDriver.cuMemcpyDtoHAsync(
            ((Pinned) to).pointer(), ((Memory) from).withByteOffset(fromOffset), bytes, stream));
  }

  @Override
  public void copyOnDevice(DeviceMemory from, DeviceMemory to) {
    check(
        "copy on the device",
        JCudaDriver.cuMemcpyDtoDAsync((Memory) to, (Memory) from, from.byteSize(), stream));
  }

  @Override
  public void clear(DeviceMemory memory) {
    check(
        "cuMemsetD8Async",
        JCudaDriver.cuMemsetD8Async((Memory) memory, (byte) 0, memory.byteSize(), stream));
  }

  @Override
  public void load(String ptx) {
    CUmodule loaded = new CUmodule();
    byte[] text = ptx.getBytes(StandardCharsets.US_ASCII);
    byte[] image = Arrays.copyOf(text, text.length + 1);
    int code = JCudaDriver.cuModuleLoadData(loaded, image);
    if (code != CUresult.CUDA_SUCCESS) {
      check("loading the kernels (" + compilerErrors(image) + ")", code);
    }
    modules.add(loaded);
  }

  /** What the driver's compiler has to say about PTX that it does not take. */
  private static String compilerErrors(byte[] image) {
    JITOptions options = new JITOptions();
    options.putInt(CUjit_option.CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES, COMPILER_LOG_BYTES);
    options.putBytes(CUjit_option.CU_JIT_ERROR_LOG_BUFFER, new byte[COMPILER_LOG_BYTES]);
    JCudaDriver.cuModuleLoadDataJIT(new CUmodule(), Pointer.to(image), options);
    byte[] log = options.getBytes(CUjit_option.CU_JIT_ERROR_LOG_BUFFER);
    return log == null
        ? ""
        : new String(log, StandardCharsets.UTF_8).split("\0", 2)[0].strip().replace('\n', ' ');
  }

  @Override
  public Function function(String name, int sharedBytes) {
    Kernel function = new Kernel();
    int code = CUresult.CUDA_ERROR_NOT_FOUND;
    for (CUmodule module : modules) {
      code = JCudaDriver.cuModuleGetFunction(function, module, name);
      if (code != CUresult.CUDA_ERROR_NOT_FOUND) {
        break;
      }
    }
    check("kernel " + name, code);
    if (sharedBytes > 0) {
      check(
          sharedBytes + " bytes of shared memory for kernel " + name,
          JCudaDriver.cuFuncSetAttribute(
              function,
              CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
              sharedBytes));
    }
    return function;
  }

  @Override
  public TensorMap tensorMap(long address, int rows, int columns, int boxRows) {
    if (tensorMaps == null) {
      tensorMaps = new TensorMapEncoder();
    }
    byte[] bytes = new byte[TensorMap.BYTES];
    check(
        "cuTensorMapEncodeTiled of " + rows + " x " + columns,
        tensorMaps.encode(bytes, address, rows, columns, boxRows));
    return new TensorMap(bytes);
  }

  @Override
  public void launch(Function function, Launch launch, boolean overlaps) {
    String what = "kernel " + launch.kernel().entry();
    if (overlaps || launch.cluster() > 1) {
      if (extended == null) {
        extended = new ExtendedLaunch();
      }
      check(what, extended.launch(((Kernel) function).handle(), stream.handle(), launch, overlaps));
      return;
    }
    check(
        what,
        JCudaDriver.cuLaunchKernel(
            (Kernel) function,
            launch.gridX(),
            launch.gridY(),
            launch.gridZ(),
            launch.threads(),
            1,
            1,
            launch.sharedBytes(),
            stream,
            pointers(launch.arguments()),
            null));
  }

  private static Pointer pointers(List<Object> arguments) {
    return Pointer.to(
        arguments.stream()
            .map(argument ->
                switch (argument) {
                  case Long address -> Pointer.to(new long[] {address});
                  case Integer number -> Pointer.to(new int[] {number});
                  case Float number -> Pointer.to(new float[] {number});
                  case TensorMap map -> Pointer.to(map.bytes());
                  default -> throw new IllegalArgumentException(argument.toString());
                })
            .toArray(Pointer[]::new));
  }

  @Override
  public void beginCapture() {
    check("cuStreamBeginCapture", JCudaDriver.cuStreamBeginCapture(stream, CAPTURE_OF_THIS_THREAD));
  }

  @Override
  public Graph endCapture() {
    CUgraph graph = new CUgraph();
    check("cuStreamEndCapture", JCudaDriver.cuStreamEndCapture(stream, graph));
    CUgraphExec executable = new CUgraphExec();
    check("cuGraphInstantiate", JCudaDriver.cuGraphInstantiate(executable, graph, 0));
    return new Captured(graph, executable);
  }

  @Override
  public void launch(Graph graph) {
    check("cuGraphLaunch", JCudaDriver.cuGraphLaunch(((Captured) graph).executable(), stream));
  }

  @Override
  public void free(Graph graph) {
    if (!failed) {
      check("cuGraphExecDestroy", JCudaDriver.cuGraphExecDestroy(((Captured) graph).executable()));
      check("cuGraphDestroy", JCudaDriver.cuGraphDestroy(((Captured) graph).graph()));
    }
  }

  @Override
  public void synchronize() {
    check("waiting for the device", JCudaDriver.cuStreamSynchronize(stream));
  }

  @Override
  public void close() {
    if (!isOpen) {
      return;
    }
    isOpen = false;
    if (extended != null) {
      extended.close();
    }
    if (tensorMaps != null) {
      tensorMaps.close();
    }
    if (!failed) {
      enter();
      try {
        for (CUmodule module : modules) {
          check("cuModuleUnload", JCudaDriver.cuModuleUnload(module));
        }
        check("cuStreamDestroy", JCudaDriver.cuStreamDestroy(stream));
      } finally {
        leave();
      }
    }
    checkUnlessFailed("cuDevicePrimaryCtxRelease", JCudaDriver.cuDevicePrimaryCtxRelease(device));
  }
}
