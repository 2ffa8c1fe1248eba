package io.github.nextclass.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nextclass.engine.BackendProvider;
import java.util.ServiceLoader;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** Every machine gets a reason, and none of them a stack trace. */
class CudaBackendProviderTest {
  private static final String LINUX = "linux-amd64";

  private static String obstacle(
      String system, boolean nativeAccess, boolean installed, Supplier<CudaApi> driver) {
    return new CudaBackendProvider(
            new CudaBackendProvider.Machine(system, nativeAccess, () -> installed, driver))
        .obstacle()
        .orElse("none");
  }

  private static String obstacle(RecordingApi api) {
    return obstacle(LINUX, true, true, () -> api);
  }

  private static CudaApi mustNotLoad() {
    throw new AssertionError("the driver was loaded");
  }

  @Test
  void isFoundByServiceLoader() {
    assertThat(ServiceLoader.load(BackendProvider.class))
        .extracting(BackendProvider::name)
        .contains("cuda");
  }

  @Test
  void otherSystemsAreNotAskedForADriver() {
    assertThat(obstacle("linux-aarch64", true, true, CudaBackendProviderTest::mustNotLoad))
        .isEqualTo("it runs on linux-amd64, this is linux-aarch64");
    assertThat(obstacle("mac os x-aarch64", true, true, CudaBackendProviderTest::mustNotLoad))
        .isEqualTo("it runs on linux-amd64, this is mac os x-aarch64");
  }

  @Test
  void withoutNativeAccessTheFlagIsNamed() {
    assertThat(obstacle(LINUX, false, true, CudaBackendProviderTest::mustNotLoad))
        .isEqualTo("start Java with --enable-native-access=ALL-UNNAMED");
  }

  @Test
  void aMachineWithoutDriver() {
    assertThat(obstacle(LINUX, true, false, CudaBackendProviderTest::mustNotLoad))
        .isEqualTo("no NVIDIA driver: libcuda.so.1 is not installed");
  }

  @Test
  void aDriverThatDoesNotStart() {
    assertThat(
            obstacle(
                LINUX,
                true,
                true,
                () -> {
                  throw new CudaException("cuInit", 100, "CUDA_ERROR_NO_DEVICE");
                }))
        .isEqualTo("the NVIDIA driver does not start: cuInit: CUDA_ERROR_NO_DEVICE (100)");
    assertThat(
            obstacle(
                LINUX,
                true,
                true,
                () -> {
                  throw new UnsatisfiedLinkError("libJCudaDriver is damaged\nmore lines");
                }))
        .isEqualTo("JCuda does not load: libJCudaDriver is damaged");
  }

  @Test
  void anOldDriver() {
    assertThat(obstacle(new RecordingApi(11080, 1, 90)))
        .isEqualTo("the NVIDIA driver knows CUDA 11.8, expected 12.0 or newer");
  }

  @Test
  void noDeviceOrAnOldOne() {
    assertThat(obstacle(new RecordingApi(12060, 0, 90))).isEqualTo("no NVIDIA GPU");
    assertThat(obstacle(new RecordingApi(12060, 1, 75)))
        .isEqualTo("recording has compute capability 7.5, expected 8.0 or newer");
  }

  @Test
  void aDeviceThatCanBeUsed() {
    assertThat(obstacle(new RecordingApi(12000, 1, 80))).isEqualTo("none");
  }

  /** The same through JCuda, on drivers of other ages. */
  @Test
  void jcudaReportsWhatTheDriverSays() {
    FakeDriver driver = FakeDriver.load();
    assertThat(new CudaBackendProvider().obstacle()).isEmpty();
    driver.machine(11040, 1, 90, 1 << 30);
    assertThat(new CudaBackendProvider().obstacle())
        .contains("the NVIDIA driver knows CUDA 11.4, expected 12.0 or newer");
    driver.machine(12060, -1, 90, 1 << 30);
    assertThat(new CudaBackendProvider().obstacle())
        .contains("the NVIDIA driver does not start: cuInit: CUDA_ERROR_NO_DEVICE (100)");
  }
}
