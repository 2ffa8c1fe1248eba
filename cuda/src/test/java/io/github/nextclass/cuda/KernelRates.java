package io.github.nextclass.cuda;

import io.github.nextclass.cuda.jcuda.DriverLoader;
import io.github.nextclass.engine.Qwen3Config;
import io.github.nextclass.engine.backend.Buffer;
import io.github.nextclass.engine.backend.Linear;
import io.github.nextclass.engine.backend.Weight;
import io.github.nextclass.safetensors.Safetensors;
import io.github.nextclass.safetensors.SafetensorsException;
import io.github.nextclass.safetensors.TensorSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The linear layers of a model one kind at a time, those of all layers after each other, so that no
 * cache holds them; and what a kernel costs that does next to nothing.
 */
final class KernelRates implements AutoCloseable {
  private final CheckReport report;
  private final boolean rounds;
  private final int runs;
  private final Qwen3Config config;
  private final TensorSource tensors;
  private final CudaBackend backend;

  KernelRates(Path folder, boolean overlaps, boolean rounds, int runs, CheckReport report)
      throws IOException {
    this.report = report;
    this.rounds = rounds;
    this.runs = runs;
    this.config = Qwen3Config.read(folder.resolve("config.json"));
    this.tensors = Safetensors.open(folder);
    CudaApi api = DriverLoader.load();
    CudaApi.Device device = api.device(0);
    api.open(0);
    this.backend =
        new CudaBackend(
            api,
            device,
            config,
            16,
            CudaBackend.Tuning.ALL.withOverlaps(overlaps).withRounds(rounds));
  }

  /** The time of a graph of many small kernels, by their number. */
  void smallKernels(String how) {
    Buffer x = backend.buffer(1, 32);
    int kernels = 200;
    double[] micros =
        times(() -> {
          for (int i = 0; i < kernels; i++) {
            backend.add(x, x, 1);
          }
        });
    figure("a small kernel in a graph, " + how, "us", 1.0 / kernels, micros);
  }

  void linears(int tokens) throws SafetensorsException {
    int hidden = config.hiddenSize();
    rate("q, k, v", tokens, hidden, "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj");
    rate("o", tokens, config.queryWidth(), "self_attn.o_proj");
    rate("gate, up", tokens, hidden, "mlp.gate_proj", "mlp.up_proj");
    rate("down", tokens, config.intermediateSize(), "mlp.down_proj");
  }

  /** The LM head, of which an engine asks at most {@link Planner#BATCH_TOKENS} rows at a time. */
  void head(int tokens) throws SafetensorsException {
    Linear head = new Linear(weight("model.embed_tokens.weight"), null);
    Buffer x = backend.buffer(tokens, config.hiddenSize());
    Buffer out = backend.buffer(tokens, config.vocabSize());
    report(
        "LM head",
        tokens,
        List.of(List.of(head)),
        times(() -> backend.linear(head, x, tokens, out)));
  }

  private Weight weight(String name) throws SafetensorsException {
    return backend.weight(tensors.tensor(name));
  }

  private void rate(String what, int tokens, int columns, String... names)
      throws SafetensorsException {
    List<List<Linear>> layers = new ArrayList<>();
    for (int i = 0; i < config.numHiddenLayers(); i++) {
      List<Linear> linears = new ArrayList<>();
      for (String name : names) {
        linears.add(new Linear(weight("model.layers." + i + "." + name + ".weight"), null));
      }
      layers.add(linears);
    }
    Buffer x = backend.buffer(tokens, columns);
    List<Buffer> outs =
        layers.getFirst().stream()
            .map(linear -> backend.buffer(tokens, linear.weight().rows()))
            .toList();
    double[] micros =
        times(() -> layers.forEach(linears -> backend.linears(linears, x, tokens, outs)));
    report(what, tokens, layers, micros);
  }

  private void report(String what, int tokens, List<List<Linear>> layers, double[] micros) {
    double weights =
        layers.stream()
            .flatMap(List::stream)
            .mapToDouble(l -> (double) l.weight().rows() * l.weight().columns())
            .sum();
    String name =
        what + ", " + tokens + (tokens == 1 ? " token" : " tokens") + (rounds ? ", rounded" : "");
    figure(name, "us a layer", 1.0 / layers.size(), micros);
    if (tokens <= Planner.BATCH_TOKENS) {
      rate(name, "GB/s of weights", 2 * weights / 1e3, micros);
    } else {
      rate(name, "TFLOP/s as the model counts", 2 * weights * tokens / 1e6, micros);
    }
  }

  /** Microseconds of a pass, ascending; each is a graph by then. */
  private double[] times(Runnable pass) {
    Buffer last = backend.buffer(1, 1);
    for (int i = 0; i < 3; i++) {
      pass.run();
      backend.finishPass();
    }
    backend.read(last, 0);
    return IntStream.range(0, runs)
        .mapToDouble(run -> {
          long start = System.nanoTime();
          pass.run();
          backend.finishPass();
          backend.read(last, 0);
          return (System.nanoTime() - start) / 1e3;
        })
        .sorted()
        .toArray();
  }

  private void figure(String what, String unit, double factor, double[] micros) {
    double[] sorted = Arrays.stream(micros).map(m -> m * factor).sorted().toArray();
    report.figure(what, unit, sorted[runs / 2], sorted[0], sorted[runs - 1]);
  }

  private void rate(String what, String unit, double amount, double[] micros) {
    double[] sorted = Arrays.stream(micros).map(m -> amount / m).sorted().toArray();
    report.figure(what, unit, sorted[runs / 2], sorted[0], sorted[runs - 1]);
  }

  @Override
  public void close() throws IOException {
    backend.close();
    tensors.close();
  }
}
