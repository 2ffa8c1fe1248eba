package io.github.nextclass.cuda;

import io.github.nextclass.cuda.jcuda.DriverLoader;
import io.github.nextclass.engine.BackendProvider;
import io.github.nextclass.engine.EngineOptions;
import io.github.nextclass.engine.KvCacheFormat;
import io.github.nextclass.engine.QuantizationConfig;
import io.github.nextclass.engine.Qwen3Config;
import io.github.nextclass.engine.WeightFormat;
import io.github.nextclass.engine.backend.Backend;
import java.util.Locale;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * The backend {@code cuda}: NVIDIA GPUs from Ampere on, drivers from CUDA 12.0 on, Linux x86-64.
 * Found by {@link java.util.ServiceLoader}. Takes the first device.
 */
public final class CudaBackendProvider implements BackendProvider {
  private static final int LEAST_DRIVER = 12000;
  private static final int LEAST_COMPUTE_CAPABILITY = 80;
  private static final int FIRST_DEVICE = 0;

  private final Machine machine;

  /**
   * Where the process runs.
   *
   * @param system the operating system and processor, such as {@code linux-amd64}
   * @param nativeAccess whether Java may call C without a warning
   * @param driverInstalled whether NVIDIA's driver is there; asked on Linux only
   * @param driver loads it
   */
  record Machine(
      String system,
      boolean nativeAccess,
      BooleanSupplier driverInstalled,
      Supplier<CudaApi> driver) {}

  /** For {@link java.util.ServiceLoader}. */
  public CudaBackendProvider() {
    this(
        new Machine(
            (System.getProperty("os.name") + "-" + System.getProperty("os.arch"))
                .toLowerCase(Locale.ROOT),
            CudaBackendProvider.class.getModule().isNativeAccessEnabled(),
            DriverLoader::isDriverInstalled,
            DriverLoader::load));
  }

  CudaBackendProvider(Machine machine) {
    this.machine = machine;
  }

  @Override
  public String name() {
    return "cuda";
  }

  @Override
  public Optional<String> obstacle() {
    if (!machine.system().equals("linux-amd64")) {
      return Optional.of("it runs on linux-amd64, this is " + machine.system());
    }
    if (!machine.nativeAccess()) {
      return Optional.of("start Java with --enable-native-access=ALL-UNNAMED");
    }
    if (!machine.driverInstalled().getAsBoolean()) {
      return Optional.of("no NVIDIA driver: libcuda.so.1 is not installed");
    }
    try (CudaApi api = machine.driver().get()) {
      return obstacle(api);
    } catch (CudaException e) {
      return Optional.of("the NVIDIA driver does not start: " + e.getMessage());
    } catch (LinkageError e) {
      return Optional.of("JCuda does not load: " + firstLine(e));
    }
  }

  private static Optional<String> obstacle(CudaApi api) {
    int version = api.driverVersion();
    if (version < LEAST_DRIVER) {
      return Optional.of(
          "the NVIDIA driver knows CUDA "
              + version / 1000
              + "."
              + version % 1000 / 10
              + ", expected 12.0 or newer");
    }
    if (api.deviceCount() == 0) {
      return Optional.of("no NVIDIA GPU");
    }
    CudaApi.Device device = api.device(FIRST_DEVICE);
    int capability = device.computeCapability();
    if (capability < LEAST_COMPUTE_CAPABILITY) {
      return Optional.of(
          device.name()
              + " has compute capability "
              + capability / 10
              + "."
              + capability % 10
              + ", expected 8.0 or newer");
    }
    return Optional.empty();
  }

  private static String firstLine(Throwable e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("").strip();
  }

  @Override
  public boolean runs(WeightFormat format) {
    return format == WeightFormat.AS_STORED || format == WeightFormat.Q8;
  }

  @Override
  public Backend create(Qwen3Config config, EngineOptions options) {
    return create(config, options, CudaBackend.Tuning.ALL.withRounds(options.roundedActivations()));
  }

  Backend create(Qwen3Config config, EngineOptions options, CudaBackend.Tuning tuning) {
    QuantizationConfig quantization = config.quantization();
    boolean isQ8 = quantization instanceof QuantizationConfig.Blocks b && b.bits() == Byte.SIZE;
    if (quantization != null && !isQ8) {
      throw new IllegalStateException(
          "of quantised weights it runs q8 only, found " + quantization);
    }
    if (options.kvCache() != KvCacheFormat.F32) {
      throw new IllegalStateException(
          "it keeps keys and values in F32, found "
              + options.kvCache()
              + "; the CPU has the others");
    }
    int bitsAWeight = isQ8 || options.weights() == WeightFormat.Q8 ? Byte.SIZE : Short.SIZE;
    CudaApi api = machine.driver().get();
    try {
      CudaApi.Device device = api.device(FIRST_DEVICE);
      api.open(FIRST_DEVICE);
      return new CudaBackend(api, device, config, bitsAWeight, tuning);
    } catch (RuntimeException | Error e) {
      api.close();
      throw e;
    }
  }
}
