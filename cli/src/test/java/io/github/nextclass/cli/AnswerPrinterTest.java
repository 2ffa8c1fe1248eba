package io.github.nextclass.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AnswerPrinterTest {
  @ParameterizedTest
  @CsvSource({
    "'<think>\n\n</think>\n\nHello', 'Hello'",
    "'<think>\n\n</think>\n\n', ''",
    "'<think>\nHm.\n</think>\n\nHello', '<think>\nHm.\n</think>\n\nHello'",
    "'<think>\n', ''",
    "'<', '<'",
    "'Hello <think>\n\n</think>\n\n', 'Hello <think>\n\n</think>\n\n'",
    "'', ''",
  })
  void leavesOutAnEmptyThoughtOnly(String answer, String printed) {
    for (int pieceLength = 1; pieceLength <= 30; pieceLength++) {
      StringWriter out = new StringWriter();
      AnswerPrinter printer = new AnswerPrinter(new PrintWriter(out));
      for (int from = 0; from < answer.length(); from += pieceLength) {
        printer.onText(answer.substring(from, Math.min(from + pieceLength, answer.length())));
      }
      printer.end();

      assertThat(out.toString()).isEqualTo(printed + System.lineSeparator());
    }
  }
}
