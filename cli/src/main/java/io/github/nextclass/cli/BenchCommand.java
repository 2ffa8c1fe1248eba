package io.github.nextclass.cli;

import io.github.nextclass.engine.EngineOptions;
import io.github.nextclass.engine.MachineProbe;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.core.JsonGenerator;

/** {@code nextclass bench}: how fast a model runs, beside how fast the machine lets it. */
@Command(
    name = "bench",
    description = {
      "Measure prefill and decoding, and the limits of the machine.",
      "",
      "Decoding reads all weights for each token, so reading alone is its limit; the limit of a "
          + "prompt is the rate of multiply-adds. Both are measured in the same process."
    })
final class BenchCommand extends CliCommand {
  private static final int MAX_TOKENS = 1_000_000;

  @Mixin private final ModelOptions model = new ModelOptions();

  @Option(
      names = "--shape",
      paramLabel = "tiny|0.6B|1.7B|4B|8B",
      description = "Measure random weights of this shape, made in a temporary folder.")
  private @Nullable ModelShape shape;

  @Option(
      names = {"-p", "--prompt-tokens"},
      paramLabel = "N",
      description = "Length of the prompts. Default: ${DEFAULT-VALUE}.")
  private int promptTokens = 256;

  @Option(
      names = {"-n", "--new-tokens"},
      paramLabel = "N",
      description = "Tokens to decode. Default: ${DEFAULT-VALUE}.")
  private int newTokens = 48;

  @Option(names = "--json", description = "Print one line of JSON.")
  private boolean json;

  @Override
  void run() throws IOException {
    check("-p", promptTokens);
    check("-n", newTokens);
    if (shape == null) {
      measure(model.folder());
      return;
    }
    if (model.isGiven()) {
      throw usage("--model and --shape exclude each other");
    }
    err().println("making random weights of the shape of " + shape + " ...");
    try (RandomCheckpoint checkpoint = RandomCheckpoint.create(shape)) {
      measure(checkpoint.folder());
    }
  }

  private void check(String option, int tokens) {
    if (tokens < 1 || tokens > MAX_TOKENS) {
      throw usage(option + " is " + tokens + ", expected 1 to " + MAX_TOKENS);
    }
  }

  private void measure(Path folder) throws IOException {
    EngineOptions options = model.engineOptions();
    Benchmark rates = Benchmark.run(folder, options, promptTokens, newTokens);
    MachineProbe limits = MachineProbe.measure(folder, options.threads());
    String name = shape == null ? folder.toString() : shape + " (random weights)";
    if (json) {
      Json.printLine(out(), line -> write(line, name, options.threads(), rates, limits));
    } else {
      print(name, rates, limits);
    }
  }

  private void write(
      JsonGenerator line, String name, int threads, Benchmark rates, MachineProbe limits) {
    line.writeStringProperty("model", name);
    line.writeStringProperty("backend", rates.backend());
    line.writeNumberProperty("threads", threads);
    line.writeNumberProperty("prompt_tokens", promptTokens);
    line.writeNumberProperty("new_tokens", newTokens);
    Json.writeRounded(line, "prompt_tps", rates.promptTokensPerSecond());
    Json.writeRounded(line, "decode_tps", rates.newTokensPerSecond());
    Json.writeRounded(line, "load_ms", rates.loadMillis());
    Json.writeRounded(line, "first_token_ms", rates.firstTokenMillis());
    if (shape == null) { // otherwise Java made the weights first
      Json.writeRounded(line, "start_to_first_token_ms", rates.javaToFirstTokenMillis());
    }
    Json.writeRounded(line, "decode_gbps", gigabytesPerSecond(rates));
    Json.writeRounded(line, "read_gbps", limits.readBytesPerSecond() / 1e9);
    Json.writeRounded(line, "fma_gflops", limits.flopsPerSecond() / 1e9);
  }

  private void print(String name, Benchmark rates, MachineProbe limits) {
    out().printf("%s, %s%n", name, rates.backend());
    row("prompt, " + promptTokens + " tokens", rates.promptTokensPerSecond(), "tokens/s");
    row("decode, " + newTokens + " tokens", rates.newTokensPerSecond(), "tokens/s");
    row("load", rates.loadMillis(), "ms");
    row("first token after 8", rates.firstTokenMillis(), "ms");
    if (shape == null) { // otherwise Java made the weights first
      row("start of Java to that token", rates.javaToFirstTokenMillis(), "ms");
    }
    row("decoding reads", gigabytesPerSecond(rates), "GB/s of weights");
    row("the machine reads", limits.readBytesPerSecond() / 1e9, "GB/s");
    row("the machine multiplies", limits.flopsPerSecond() / 1e9, "GFLOP/s");
  }

  private static double gigabytesPerSecond(Benchmark rates) {
    return rates.newTokensPerSecond() * rates.bytesReadPerToken() / 1e9;
  }

  private void row(String what, double value, String unit) {
    out().printf(Locale.ROOT, "  %-28s %10.1f %s%n", what, value, unit);
  }
}
