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
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is shipped is what Java calls. */
class PtxTest {
  private static final Pattern ENTRY = Pattern.compile("\\.visible \\.entry (\\w+)\\(([^)]*)\\)");
  private static final Pattern PARAMETER = Pattern.compile("\\.param \\.(align 64 \\.b8|\\w+)");

  static String ptx(String file) throws IOException {
    try (var in = CudaBackend.class.getResourceAsStream(file)) {
      assertThat(in).as(file).isNotNull();
      return new String(in.readAllBytes(), StandardCharsets.US_ASCII);
    }
  }

  static Stream<Kernel> kernelsOf(String file) {
    return Arrays.stream(Kernel.values())
        .filter(kernel -> kernel.isForHopper() == file.startsWith("hopper"));
  }

  /** Labels above these keep drivers out that can run the code. */
  @ParameterizedTest
  @CsvSource({
    "kernels_80.ptx, 7.8, sm_80",
    "kernels_90.ptx, 8.0, sm_90",
    "hopper_90a.ptx, 8.0, sm_90a"
  })
  void versionAndTargetAreThoseOfTheOldestDriver(String file, String version, String target)
      throws IOException {
    assertThat(ptx(file).strip().lines().limit(3))
        .containsExactly(".version " + version, ".target " + target, ".address_size 64");
  }

  @ParameterizedTest
  @ValueSource(strings = {"kernels_80.ptx", "kernels_90.ptx", "hopper_90a.ptx"})
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
                    case "align 64 .b8" -> "T";
                    default -> "?";
                  })
              .collect(Collectors.joining()));
    }
    assertThat(found)
        .isEqualTo(
            kernelsOf(file)
                .collect(
                    Collectors.toMap(
                        kernel -> kernel.name().toLowerCase(Locale.ROOT), Kernel::parameters)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"kernels_80.ptx", "kernels_90.ptx", "hopper_90a.ptx"})
  void nothingIsInLocalMemory(String file) throws IOException {
    assertThat(ptx(file)).doesNotContain(".local ");
  }

  @ParameterizedTest
  @ValueSource(strings = {"kernels_90.ptx", "hopper_90a.ptx"})
  void onHopperEveryKernelWaitsForTheOneBefore(String file) throws IOException {
    for (String entry : ptx(file).split("\\.entry ", -1)) {
      assertThat(entry.startsWith("\n.version") || entry.contains("griddepcontrol.wait"))
          .as(entry.lines().findFirst().orElse(""))
          .isTrue();
    }
  }

  @Test
  void noneWaitsWhereNoneCanStartEarly() throws IOException {
    assertThat(ptx("kernels_80.ptx")).doesNotContain("griddepcontrol");
  }
}
