package io.github.nextclass.cli;

import io.github.nextclass.cli.Benchmark.Plan;
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
  private static final int MAX_BATCH = 1024;

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

  @Option(
      names = "--context",
      paramLabel = "N",
      description = "Decode after a prompt of N tokens, too.")
  private int context;

  @Option(names = "--batch", paramLabel = "N", description = "Decode N sequences together, too.")
  private int batch;

  @Option(names = "--json", description = "Print one line of JSON.")
  private boolean json;

  @Override
  void run() throws IOException {
    check("-p", promptTokens, 1, MAX_TOKENS);
    check("-n", newTokens, 1, MAX_TOKENS);
    check("--context", context, 0, MAX_TOKENS);
    check("--batch", batch, 0, MAX_BATCH);
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

  private void check(String option, int found, int from, int to) {
    if (found < from || found > to) {
      throw usage(option + " is " + found + ", expected " + from + " to " + to);
    }
  }

  private void measure(Path folder) throws IOException {
    EngineOptions options = model.engineOptions();
    Plan plan = new Plan(promptTokens, newTokens, context, batch);
    Benchmark rates = Benchmark.run(folder, options, plan);
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
    if (rates.contextTokensPerSecond() != null) {
      line.writeNumberProperty("context", context);
      Json.writeRounded(line, "context_decode_tps", rates.contextTokensPerSecond());
    }
    if (rates.batchTokensPerSecond() != null) {
      line.writeNumberProperty("batch", batch);
      Json.writeRounded(line, "batch_decode_tps", rates.batchTokensPerSecond());
    }
    Json.writeRounded(line, "load_ms", rates.loadMillis());
    Json.writeRounded(line, "first_token_ms", rates.firstTokenMillis());
    Double start = startMillis(rates);
    if (start != null) {
      Json.writeRounded(line, "start_to_first_token_ms", start);
    }
    Json.writeRounded(line, "decode_gbps", gigabytesPerSecond(rates));
    Json.writeRounded(line, "read_gbps", limits.readBytesPerSecond() / 1e9);
    Json.writeRounded(line, "fma_gflops", limits.flopsPerSecond() / 1e9);
    ProcessMemory memory = rates.memory();
    if (memory != null) {
      line.writeNumberProperty("resident_bytes", memory.residentBytes());
      line.writeNumberProperty("weight_bytes", memory.weightBytes());
      line.writeNumberProperty("kv_cache_bytes", rates.kvCacheBytes());
      line.writeNumberProperty("other_bytes", memory.otherBytes(rates.kvCacheBytes()));
      line.writeNumberProperty("heap_bytes", memory.heapBytes());
    }
  }

  private void print(String name, Benchmark rates, MachineProbe limits) {
    out().printf("%s, %s%n", name, rates.backend());
    row("prompt, " + promptTokens + " tokens", rates.promptTokensPerSecond(), "tokens/s");
    row("decode, " + newTokens + " tokens", rates.newTokensPerSecond(), "tokens/s");
    if (rates.contextTokensPerSecond() != null) {
      row("decode after " + context + " tokens", rates.contextTokensPerSecond(), "tokens/s");
    }
    if (rates.batchTokensPerSecond() != null) {
      row(
          "decode, " + batch + " sequences",
          rates.batchTokensPerSecond(),
          "tokens/s, all together");
    }
    row("load", rates.loadMillis(), "ms");
    row("first token after 8", rates.firstTokenMillis(), "ms");
    Double start = startMillis(rates);
    if (start != null) {
      row("process start to that token", start, "ms");
    }
    row("decoding reads", gigabytesPerSecond(rates), "GB/s of weights");
    row("the machine reads", limits.readBytesPerSecond() / 1e9, "GB/s");
    row("the machine multiplies", limits.flopsPerSecond() / 1e9, "GFLOP/s");
    ProcessMemory memory = rates.memory();
    if (memory != null) {
      row("memory, mapped weights", memory.weightBytes() / 1e6, "MB");
      row("memory, KV cache", rates.kvCacheBytes() / 1e6, "MB");
      row("memory, all else", memory.otherBytes(rates.kvCacheBytes()) / 1e6, "MB");
      row("of that the heap, at most", memory.heapBytes() / 1e6, "MB");
    }
  }

  /** Not told with random weights: the process made those first. */
  private @Nullable Double startMillis(Benchmark rates) {
    return shape == null ? rates.processToFirstTokenMillis() : null;
  }

  private static double gigabytesPerSecond(Benchmark rates) {
    return rates.newTokensPerSecond() * rates.bytesReadPerToken() / 1e9;
  }

  private void row(String what, double value, String unit) {
    out().printf(Locale.ROOT, "  %-28s %10.1f %s%n", what, value, unit);
  }
}
