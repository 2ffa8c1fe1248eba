package io.github.nextclass.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExplainCommandTest {
  @ParameterizedTest
  @CsvSource({
    "0, ''",
    "1, '██████████████████████████████'",
    "0.5, '███████████████'",
    "0.004166, '▏'",
    "0.05, '█▌'",
    "0.999, '██████████████████████████████'",
  })
  void barsAreEighthsOfCells(double probability, String bar) {
    assertThat(ExplainCommand.bar(probability))
        .hasSize(30)
        .isEqualTo(bar + " ".repeat(30 - bar.length()));
  }
}
