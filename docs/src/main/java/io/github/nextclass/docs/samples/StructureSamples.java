package io.github.nextclass.docs.samples;

import io.github.nextclass.sampling.Decoding;
import io.github.nextclass.sampling.LanguageModel;
import java.io.IOException;
import java.nio.file.Path;

/** The sample of docs/structure.md. */
final class StructureSamples {
  private static final Path folder = Path.of("models/storyteller");

  private StructureSamples() {}

  static void structure() throws IOException {
    // @start region=structure
    try (var model = LanguageModel.load(folder)) {
      Decoding decoding = Decoding.greedy().maxNewTokens(60);
      System.out.println(model.generate("Is the sky blue?", decoding.choice("yes", "no")).text());
      System.out.println(
          model.generate("The date is", decoding.regex("\\d{4}-\\d{2}-\\d{2}")).text());
      String schema =
          """
          {"type": "object",
           "properties": {"name": {"type": "string"},
                          "age": {"type": "integer", "minimum": 0, "maximum": 120}},
           "required": ["name", "age"], "additionalProperties": false}
          """;
      System.out.println(
          model.generate("Once upon a time there was", decoding.jsonSchema(schema)).text());
    }
    // @end
  }
}
