package io.github.nextclass.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The Java sample of docs/structure.md, run on the shipped model; it stands here word for word. */
class StructureSamplesTest {
  private static final Path ROOT = Path.of("..");

  private final StringBuilder printed = new StringBuilder();

  private void print(Object text) {
    printed.append(text);
  }

  @Test
  void enforcesStructure() throws IOException {
    Path folder = ROOT.resolve("models/storyteller");
    // sample
    try (var model = LanguageModel.load(folder)) {
      Decoding decoding = Decoding.greedy().maxNewTokens(60);
      print(model.generate("Is the sky blue?", decoding.choice("yes", "no")).text());
      print(model.generate("The date is", decoding.regex("\\d{4}-\\d{2}-\\d{2}")).text());
      String schema =
          """
          {"type": "object",
           "properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 0, "maximum": 120}},
           "required": ["name", "age"], "additionalProperties": false}
          """;
      print(model.generate("Once upon a time there was", decoding.jsonSchema(schema)).text());
    }
    // end
    assertThat(printed.toString())
        .matches("(yes|no)\\d{4}-\\d{2}-\\d{2}\\{\"name\": ?\".*\", ?\"age\": ?\\d{1,3}}");
  }

  @Test
  void theSampleOfThePageStandsHere() throws IOException {
    ReadmeSamplesTest.assertSamplesStandIn(
        ROOT.resolve("docs/structure.md"), "StructureSamplesTest.java", 1);
  }
}
