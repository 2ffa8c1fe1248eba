package io.github.nextclass.cli;

import io.github.nextclass.engine.CheckpointQuantizer;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code nextclass quantize}: a checkpoint in fewer bits. */
@Command(
    name = "quantize",
    description = {
      "Write a checkpoint in 8.5 or 4.5 bits a weight, which starts faster than quantising at each"
          + " start.",
      "",
      "The new folder holds safetensors that map straight into memory, and copies of the tokenizer and"
          + " the configuration. docs/quantization.md tells what is in it."
    })
final class QuantizeCommand extends CliCommand {
  @Mixin private final ModelOptions model = new ModelOptions();

  @SuppressWarnings("NullAway.Init") // required
  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "The folder to write: empty, or not there.")
  private Path out;

  @Override
  void run() throws IOException {
    ModelOptions.Weights format = model.weights();
    if (format == null || format == ModelOptions.Weights.BF16) {
      throw usage("--weights is missing, expected q8 or q4");
    }
    try (QuantizeLine line = new QuantizeLine(err())) {
      CheckpointQuantizer.quantize(
          model.folder(), format.format(), out, model.engineOptions().threads(), line);
    }
  }
}
