package io.github.nextclass.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import jcuda.nvptxcompiler.JNvPTXCompiler;
import jcuda.nvptxcompiler.nvPTXCompilerHandle;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The PTX becomes machine code. The compiler among JCuda's natives is that of CUDA 12.0, the oldest
 * driver that is supported; newer chips than it knows need {@code ptxas}.
 */
class PtxAssemblyTest {
  private static final Pattern SPILLS =
      Pattern.compile("(\\d+) bytes spill stores, (\\d+) bytes spill loads");

  @ParameterizedTest
  @CsvSource({
    "kernels_80.ptx, sm_80",
    "kernels_80.ptx, sm_86",
    "kernels_80.ptx, sm_89",
    "kernels_80.ptx, sm_90",
    "kernels_90.ptx, sm_90",
    "hopper_90a.ptx, sm_90a"
  })
  void theOldestDriverTakesIt(String file, String chip) throws IOException {
    assumeTrue(
        System.getProperty("os.name").equals("Linux")
            && System.getProperty("os.arch").equals("amd64"),
        "JCuda's PTX compiler is for Linux x86-64");
    byte[] text = PtxTest.ptx(file).getBytes(StandardCharsets.US_ASCII);
    nvPTXCompilerHandle compiler = new nvPTXCompilerHandle();
    JNvPTXCompiler.nvPTXCompilerCreate(compiler, text.length, text);
    try {
      int code =
          JNvPTXCompiler.nvPTXCompilerCompile(
              compiler, 2, new String[] {"--gpu-name=" + chip, "--verbose"});
      assertThat(code).as(errors(compiler)).isZero();
      long[] size = new long[1];
      JNvPTXCompiler.nvPTXCompilerGetInfoLogSize(compiler, size);
      byte[] log = new byte[Math.toIntExact(size[0]) + 1];
      JNvPTXCompiler.nvPTXCompilerGetInfoLog(compiler, log);
      assertNoSpills(file, new String(log, StandardCharsets.UTF_8));
    } finally {
      JNvPTXCompiler.nvPTXCompilerDestroy(compiler);
    }
  }

  private static String errors(nvPTXCompilerHandle compiler) {
    long[] size = new long[1];
    JNvPTXCompiler.nvPTXCompilerGetErrorLogSize(compiler, size);
    byte[] log = new byte[Math.toIntExact(size[0]) + 1];
    JNvPTXCompiler.nvPTXCompilerGetErrorLog(compiler, log);
    return new String(log, StandardCharsets.UTF_8);
  }

  private static void assertNoSpills(String file, String log) {
    List<String> spills = SPILLS.matcher(log).results().map(r -> r.group(1) + r.group(2)).toList();
    assertThat(spills).as(log).hasSize((int) PtxTest.kernelsOf(file).count()).containsOnly("00");
    assertThat(log).as("products one after the other").doesNotContain("serialized");
  }

  @ParameterizedTest
  @CsvSource({"kernels_80.ptx, sm_100", "kernels_80.ptx, sm_120", "kernels_90.ptx, sm_120"})
  void newerChipsTakeIt(String file, String chip, @TempDir Path folder)
      throws IOException, InterruptedException {
    Path ptx = Files.writeString(folder.resolve(file), PtxTest.ptx(file));
    Process ptxas;
    try {
      ptxas =
          new ProcessBuilder(
                  "ptxas", "-v", "-arch=" + chip, ptx.toString(), "-o", folder + "/cubin")
              .redirectErrorStream(true)
              .start();
    } catch (IOException absent) {
      assumeTrue(false, "needs ptxas of CUDA 13 for " + chip);
      return;
    }
    String log = new String(ptxas.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(ptxas.waitFor()).as(log).isZero();
    assertNoSpills(file, log);
  }

  /** What is committed is what the sources say. */
  @Test
  void thePtxIsMadeFromTheSources() throws IOException, InterruptedException {
    try {
      Process version = new ProcessBuilder("nvcc", "--version").start();
      String text = new String(version.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assumeTrue(text.contains("V13.0.88"), "needs the nvcc that made it, 13.0.88");
    } catch (IOException absent) {
      assumeTrue(false, "needs nvcc 13.0");
    }
    Process check =
        new ProcessBuilder("../scripts/cuda_ptx.sh", "--check").redirectErrorStream(true).start();
    String output = new String(check.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(check.waitFor()).as("run scripts/cuda_ptx.sh\n" + output).isZero();
  }
}
