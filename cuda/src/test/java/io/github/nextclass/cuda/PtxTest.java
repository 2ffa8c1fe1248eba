package io.github.nextclass.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is shipped is what Java calls. */
class PtxTest {
  private static final Pattern ENTRY = Pattern.compile("\\.visible \\.entry (\\w+)\\(([^)]*)\\)");
  private static final Pattern PARAMETER = Pattern.compile("\\.param \\.(\\w+)");

  static String ptx(String file) throws IOException {
    try (var in = CudaBackend.class.getResourceAsStream(file)) {
      assertThat(in).as(file).isNotNull();
      return new String(in.readAllBytes(), StandardCharsets.US_ASCII);
    }
  }

  /** Labels above these keep drivers out that can run the code. */
  @ParameterizedTest
  @CsvSource({"kernels_80.ptx, 7.8, sm_80", "kernels_90.ptx, 8.0, sm_90"})
  void versionAndTargetAreThoseOfTheOldestDriver(String file, String version, String target)
      throws IOException {
    assertThat(ptx(file).strip().lines().limit(3))
        .containsExactly(".version " + version, ".target " + target, ".address_size 64");
  }

  @ParameterizedTest
  @ValueSource(strings = {"kernels_80.ptx", "kernels_90.ptx"})
  void entriesAndTheirParametersAreThoseOfTheTable(String file) throws IOException {
    Map<String, String> found = new HashMap<>();
    Matcher entries = ENTRY.matcher(ptx(file));
    while (entries.find()) {
      found.put(
          entries.group(1),
          PARAMETER
              .matcher(entries.group(2))
              .results()
              .map(type ->
                  switch (type.group(1)) {
                    case "u64" -> "P";
                    case "u32" -> "I";
                    case "f32" -> "F";
                    default -> "?";
                  })
              .collect(Collectors.joining()));
    }
    assertThat(found)
        .isEqualTo(
            Arrays.stream(Kernel.values())
                .collect(
                    Collectors.toMap(
                        kernel -> kernel.name().toLowerCase(Locale.ROOT), Kernel::parameters)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"kernels_80.ptx", "kernels_90.ptx"})
  void nothingIsInLocalMemory(String file) throws IOException {
    assertThat(ptx(file)).doesNotContain(".local ");
  }

  @Test
  void onlyHopperWaitsForTheKernelBefore() throws IOException {
    assertThat(ptx("kernels_80.ptx")).doesNotContain("griddepcontrol");
    assertThat(ptx("kernels_90.ptx").split("griddepcontrol.wait", -1))
        .hasSize(Kernel.values().length + 1);
  }
}
