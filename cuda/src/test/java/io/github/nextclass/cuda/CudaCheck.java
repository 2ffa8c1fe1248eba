package io.github.nextclass.cuda;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import io.github.nextclass.cuda.jcuda.DriverLoader;
import io.github.nextclass.engine.Engine;
import io.github.nextclass.engine.EngineOptions;
import io.github.nextclass.engine.Session;
import io.github.nextclass.sampling.Decoding;
import io.github.nextclass.sampling.LanguageModel;
import io.github.nextclass.sampling.LanguageModelOptions;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;
import org.junit.platform.launcher.listeners.TestExecutionSummary;

/**
 * Checks and times the backend on the GPU of this machine, and writes {@code cuda.json} and {@code
 * cuda.md}. Started by {@code scripts/cuda_check.sh}. It is made of parts: one that fails does not
 * stop the others, and when the time is up those that are left are skipped; what was found is
 * written after each.
 *
 * <p>Speeds are what a caller of the engine sees, the Java side included.
 */
public final class CudaCheck {
  private static final String CUDA = "cuda";

  /** How much is measured. */
  private record Sizes(
      int[] contexts, int[] batches, int[] prompts, int[] kernelTokens, int steps, int runs) {
    static final Sizes ALL =
        new Sizes(
            new int[] {16, 1024, 8192},
            new int[] {2, 8, 32, 64},
            new int[] {128, 512, 2048, 8192},
            new int[] {1, 8, 32, 512, 2048},
            128,
            5);

    /** For a device that is not one, to see that the check itself runs. */
    static final Sizes REHEARSAL =
        new Sizes(new int[] {16}, new int[] {2, 9}, new int[] {20}, new int[] {1, 32}, 4, 1);
  }

  /** A part; returns what there is to say about it. */
  private interface Part {
    String run() throws IOException;
  }

  /** What is timed; returns how many tokens it was. */
  private interface Work {
    int run();
  }

  private final CheckReport report;
  private final PrintWriter log;
  private final Sizes sizes;
  private final long deadline;

  private CudaCheck(Path out, Sizes sizes, long seconds) {
    this.log = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
    this.report = new CheckReport(out, log);
    if (sizes.equals(Sizes.ALL)) {
      report.goal("decoding at context 16, cuda, ids come back", 1_600);
      report.goal("decoding of 32 sequences, together", 25_000);
      report.goal("prompt of 512 in passes of 512, cuda", 150_000);
      report.goal("prompt of 2048 in passes of 2048, cuda", 250_000);
      report.goal("prompt of 512 in passes of 2048, cuda-rounding", 150_000);
      report.goal("prompt of 2048 in passes of 2048, cuda-rounding", 250_000);
    }
    this.sizes = sizes;
    this.deadline = System.nanoTime() + seconds * 1_000_000_000;
  }

  /**
   * Runs the checks, then the measurements.
   *
   * @param args the folder for the results; {@code all}, {@code tests}, {@code figures} or {@code
   *     profile} (a few passes of each kind, for a profiler); seconds after which no part begins;
   *     {@code real} or {@code rehearsal}; then a checkpoint to measure instead of random weights
   *     in the shape of Qwen3-0.6B
   * @throws IOException if a file cannot be written
   */
  public static void main(String[] args) throws IOException {
    Path out = Files.createDirectories(Path.of(args[0]));
    Sizes sizes = args[3].equals("rehearsal") ? Sizes.REHEARSAL : Sizes.ALL;
    CudaCheck check = new CudaCheck(out, sizes, Long.parseLong(args[2]));
    check.run(args[1], args.length > 4 ? args[4] : "");
    System.exit(check.report.allPassed() ? 0 : 1);
  }

  private void run(String what, String model) throws IOException {
    report.fact("date", Instant.now().toString());
    report.fact("commit", System.getProperty("nextclass.commit", "unknown"));
    report.fact("java", Runtime.version().toString());
    String obstacle = new CudaBackendProvider().obstacle().orElse(null);
    if (obstacle != null) {
      report.part("a GPU", "failed: " + obstacle);
      return;
    }
    part("device", this::describe);
    if (!what.equals("figures")) {
      part("tests", this::tests);
    }
    if (what.equals("tests")) {
      return;
    }
    Path folder = model.isEmpty() ? Files.createTempDirectory("qwen3-0.6b-shape") : Path.of(model);
    if (model.isEmpty()) {
      part(
          "random weights in the shape of Qwen3-0.6B",
          () -> {
            RandomCheckpoint.QWEN3_0_6B.write(folder, 1);
            return "";
          });
    }
    report.fact("model", model.isEmpty() ? "random weights, shape of Qwen3-0.6B" : model);
    if (what.equals("profile")) {
      part("a few passes", () -> passes(folder));
      return;
    }
    part("scores against the CPU", () -> agreement(folder));
    int[] all = sizes.contexts();
    int[] shortest = {all[0]};
    part("decoding, cuda", () -> decode(folder, CUDA, all));
    part("batches", () -> batches(folder));
    part("generation", () -> generation(folder));
    part("prompts in passes of 512", () -> prefill(folder, CUDA, 512));
    part("prompts in passes of 2048", () -> prefill(folder, CUDA, 2048));
    part("prompts, activations rounded", () -> prefill(folder, PlainProvider.ROUNDING, 2048));
    part("kernels", () -> kernels(folder, false));
    part("kernels, activations rounded", () -> kernels(folder, true));
    part("decoding, without overlap", () -> decode(folder, PlainProvider.NO_OVERLAP, all));
    part(
        "decoding, a kernel for each operation",
        () -> decode(folder, PlainProvider.UNFUSED, shortest));
  }

  private void part(String name, Part part) throws IOException {
    if (System.nanoTime() > deadline) {
      report.part(name, "skipped: the time is up");
      return;
    }
    long start = System.nanoTime();
    String outcome;
    try {
      outcome = "passed " + part.run();
    } catch (Exception | Error e) {
      e.printStackTrace(log);
      outcome = "failed: " + e;
    }
    report.part(
        name,
        outcome.strip()
            + String.format(Locale.ROOT, " (%.1f s)", (System.nanoTime() - start) / 1e9));
  }

  private String describe() {
    try (CudaApi api = DriverLoader.load()) {
      CudaApi.Device device = api.device(0);
      report.fact("device", device.name());
      report.fact("compute capability", Integer.toString(device.computeCapability()));
      report.fact("multiprocessors", Integer.toString(device.multiprocessors()));
      int version = api.driverVersion();
      report.fact(
          "driver",
          System.getProperty("nextclass.driver", "unknown")
              + ", CUDA "
              + version / 1000
              + "."
              + version % 1000 / 10);
    }
    return "";
  }

  private String tests() {
    SummaryGeneratingListener listener = new SummaryGeneratingListener();
    LauncherFactory.create()
        .execute(
            LauncherDiscoveryRequestBuilder.request()
                .selectors(selectClass(OnGpuTest.class))
                .build(),
            listener);
    TestExecutionSummary summary = listener.getSummary();
    summary.printFailuresTo(log, 5);
    String counts =
        summary.getTestsSucceededCount() + " tests, " + summary.getTestsFailedCount() + " failed";
    if (summary.getTotalFailureCount() > 0 || summary.getTestsSucceededCount() == 0) {
      String names =
          summary.getFailures().stream()
              .limit(8)
              .map(f -> f.getTestIdentifier().getDisplayName() + ": " + f.getException())
              .reduce("", (a, b) -> a + "; " + b);
      throw new IllegalStateException(counts + names);
    }
    return counts;
  }

  private static EngineOptions options(String backend) {
    return EngineOptions.defaults().withBackend(backend);
  }

  private static int[] tokens(int count) {
    return IntStream.range(0, count).map(i -> (i * 7919 + 13) % 50).toArray();
  }

  private String agreement(Path folder) throws IOException {
    float[][] expected;
    try (Engine engine = Engine.load(folder, options("cpu"))) {
      expected = scores(engine);
    }
    try (Engine engine = Engine.load(folder, options(PlainProvider.ROUNDING))) {
      report.fact(
          "scores against the CPU, activations rounded",
          String.format("%.2e", Golden.relativeError(scores(engine), expected)));
    }
    long start = System.nanoTime();
    try (Engine engine = Engine.load(folder, options(CUDA))) {
      report.fact(
          "seconds to load", String.format(Locale.ROOT, "%.2f", (System.nanoTime() - start) / 1e9));
      double error = Golden.relativeError(scores(engine), expected);
      report.fact("scores against the CPU, relative L2", String.format("%.2e", error));
      if (!(error < 1e-2)) {
        throw new IllegalStateException("relative L2 " + error + ", expected below 1e-2");
      }
    }
    return "";
  }

  private static float[][] scores(Engine engine) {
    try (Session session = engine.newSession(100)) {
      session.append(tokens(64));
      return new float[][] {session.forward(1), session.forward(2)};
    }
  }

  private String decode(Path folder, String backend, int[] contexts) throws IOException {
    int steps = sizes.steps();
    try (Engine engine = Engine.load(folder, options(backend))) {
      for (int context : contexts) {
        try (Session session = engine.newSession(context + (2 * sizes.runs() + 4) * steps)) {
          session.append(tokens(context));
          String at = "decoding at context " + context + ", " + backend;
          session.greedy(new int[] {1}, steps);
          measure(
              at + ", ids come back",
              "tokens/s",
              () -> {
                session.greedy(new int[] {1}, steps);
                return steps;
              });
          measure(
              at + ", scores come back",
              "tokens/s",
              () -> {
                for (int i = 0; i < steps; i++) {
                  session.forward(i % 50);
                }
                return steps;
              });
        }
      }
    }
    return "";
  }

  /** Two prompts, two steps of one sequence, two of 32: none is a graph at its first time. */
  private String passes(Path folder) throws IOException {
    try (Engine engine = Engine.load(folder, options(CUDA).withPrefillChunk(2048))) {
      try (Session session = engine.newSession(2600)) {
        session.append(tokens(512));
        session.greedy(new int[] {1}, 2);
        session.append(tokens(2048));
      }
      List<Session> batch = new ArrayList<>();
      for (int i = 0; i < 32; i++) {
        batch.add(engine.newSession(32));
        batch.get(i).append(tokens(2));
      }
      engine.greedyTogether(batch, Collections.nCopies(32, new int[] {1}), 2);
      batch.forEach(Session::close);
    }
    return "";
  }

  /** What users of the library see. */
  private String generation(Path folder) throws IOException {
    int steps = sizes.steps();
    Decoding greedy = Decoding.greedy().maxNewTokens(steps).ignoreEos(true);
    Decoding drawn =
        Decoding.sampling().temperature(0.6).topK(20).topP(0.95).seed(1).maxNewTokens(steps);
    LanguageModelOptions options = new LanguageModelOptions(options(CUDA), Integer.MAX_VALUE);
    try (LanguageModel model = LanguageModel.load(folder, options)) {
      generation(model, "generate, greedy", greedy);
      generation(model, "generate, greedy, its scores looked at", greedy.topClasses(1));
      generation(model, "generate, drawn from the 20 best", drawn.ignoreEos(true));
    }
    return "";
  }

  private void generation(LanguageModel model, String what, Decoding decoding) {
    int[] prompt = tokens(16);
    model.generate(prompt, decoding);
    measure(what, "tokens/s", () -> model.generate(prompt, decoding).tokenIds().length);
  }

  private String batches(Path folder) throws IOException {
    int steps = Math.max(2, sizes.steps() / 4);
    try (Engine engine = Engine.load(folder, options(CUDA))) {
      for (int size : sizes.batches()) {
        List<Session> batch = new ArrayList<>();
        List<int[]> next = new ArrayList<>();
        for (int i = 0; i < size; i++) {
          batch.add(engine.newSession(16 + size + (sizes.runs() + 2) * steps));
          batch.get(i).append(tokens(16 + i));
          next.add(new int[] {i % 50});
        }
        engine.greedyTogether(batch, next, steps);
        measure(
            "decoding of " + size + " sequences, together",
            "tokens/s",
            () -> {
              engine.greedyTogether(batch, next, steps);
              return size * steps;
            });
        batch.forEach(Session::close);
      }
    }
    return "";
  }

  private String prefill(Path folder, String backend, int chunk) throws IOException {
    try (Engine engine = Engine.load(folder, options(backend).withPrefillChunk(chunk))) {
      for (int length : sizes.prompts()) {
        int[] prompt = tokens(length);
        Work work =
            () -> {
              try (Session session = engine.newSession(length)) {
                session.forward(prompt);
              }
              return length;
            };
        work.run();
        work.run();
        measure(
            "prompt of " + length + " in passes of " + chunk + ", " + backend, "tokens/s", work);
      }
    }
    return "";
  }

  private String kernels(Path folder, boolean rounds) throws IOException {
    int runs = 5 * sizes.runs();
    if (!rounds) {
      try (KernelRates rates = new KernelRates(folder, false, false, runs, report)) {
        rates.smallKernels("one after the other");
      }
    }
    try (KernelRates rates = new KernelRates(folder, true, rounds, runs, report)) {
      rates.smallKernels("overlapping");
      for (int tokens : sizes.kernelTokens()) {
        if (!rounds || tokens > Planner.FEW_TOKENS) {
          rates.linears(tokens);
        }
      }
      rates.head(1);
      rates.head(16);
    }
    return "";
  }

  private void measure(String what, String unit, Work work) {
    double[] rates =
        IntStream.range(0, sizes.runs())
            .mapToDouble(run -> {
              long start = System.nanoTime();
              int tokens = work.run();
              return tokens * 1e9 / (System.nanoTime() - start);
            })
            .toArray();
    Arrays.sort(rates);
    report.figure(what, unit, rates[rates.length / 2], rates[0], rates[rates.length - 1]);
  }
}
