package io.github.nextclass.cuda;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import io.github.nextclass.cuda.jcuda.DriverLoader;
import io.github.nextclass.engine.Engine;
import io.github.nextclass.engine.EngineOptions;
import io.github.nextclass.engine.Session;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

/**
 * Checks and times the backend on the GPU of this machine, and writes {@code cuda.json} and {@code
 * cuda.md}. Started by {@code scripts/cuda_check.sh}. Times are what a caller of the engine sees:
 * each decode step copies the scores of all classes back.
 */
public final class CudaCheck {
  private static final int WARM_UP_STEPS = 32;
  private static final int STEPS = 128;
  private static final int RUNS = 5;

  private final Map<String, String> facts = new TreeMap<>();
  private final List<Figure> figures = new ArrayList<>();
  private final PrintWriter log = new PrintWriter(System.out, true, StandardCharsets.UTF_8);

  private record Figure(String backend, String what, double median, double least, double most) {}

  /** What is timed; returns how many tokens it was. */
  private interface Work {
    int run();
  }

  private CudaCheck() {}

  /**
   * Runs all checks, then all measurements.
   *
   * @param args the folder for the results; then {@code all}, {@code tests} or {@code figures};
   *     then a checkpoint to measure instead of random weights in the shape of Qwen3-0.6B
   * @throws IOException if a file cannot be written
   */
  public static void main(String[] args) throws IOException {
    Path out = Files.createDirectories(Path.of(args[0]));
    String what = args.length > 1 ? args[1] : "all";
    String model = args.length > 2 ? args[2] : "";
    System.exit(new CudaCheck().run(out, what, model) ? 0 : 1);
  }

  private boolean run(Path out, String what, String model) throws IOException {
    String obstacle = new CudaBackendProvider().obstacle().orElse(null);
    if (obstacle != null) {
      log.println("no figures: " + obstacle);
      return false;
    }
    describe();
    boolean passed = what.equals("figures") || tests();
    write(out); // already, in case that the rest does not end in time
    if (!what.equals("tests")) {
      Path folder =
          model.isEmpty() ? Files.createTempDirectory("qwen3-0.6b-shape") : Path.of(model);
      if (model.isEmpty()) {
        RandomCheckpoint.QWEN3_0_6B.write(folder, 1);
      }
      facts.put("model", model.isEmpty() ? "random weights, shape of Qwen3-0.6B" : model);
      agreement(folder);
      for (String backend : List.of("cuda", PlainProvider.NO_OVERLAP, PlainProvider.UNFUSED)) {
        decode(folder, backend);
        write(out);
      }
      for (int chunk : new int[] {512, 2048}) {
        prefill(folder, chunk);
        write(out);
      }
    }
    return passed;
  }

  private void describe() {
    try (CudaApi api = DriverLoader.load()) {
      CudaApi.Device device = api.device(0);
      facts.put("device", device.name());
      facts.put("compute capability", Integer.toString(device.computeCapability()));
      facts.put("multiprocessors", Integer.toString(device.multiprocessors()));
      facts.put("driver", "CUDA " + api.driverVersion());
    }
    facts.put("date", Instant.now().toString());
    facts.put("commit", System.getProperty("nextclass.commit", "unknown"));
    facts.put("java", Runtime.version().toString());
  }

  private boolean tests() {
    SummaryGeneratingListener summary = new SummaryGeneratingListener();
    LauncherFactory.create()
        .execute(
            LauncherDiscoveryRequestBuilder.request()
                .selectors(selectClass(OnGpuTest.class))
                .build(),
            summary);
    summary.getSummary().printFailuresTo(log, 5);
    long failed = summary.getSummary().getTotalFailureCount();
    facts.put(
        "tests", summary.getSummary().getTestsSucceededCount() + " passed, " + failed + " failed");
    log.println("tests: " + facts.get("tests"));
    return failed == 0 && summary.getSummary().getTestsSucceededCount() > 0;
  }

  private static EngineOptions options(String backend) {
    return EngineOptions.defaults().withBackend(backend);
  }

  private static int[] tokens(int count) {
    return IntStream.range(0, count).map(i -> (i * 7919 + 13) % 1000).toArray();
  }

  private void agreement(Path folder) throws IOException {
    float[][] expected = scores(folder, "cpu");
    facts.put(
        "scores against the CPU, relative L2",
        String.format(Locale.ROOT, "%.2e", Golden.relativeError(scores(folder, "cuda"), expected)));
  }

  private static float[][] scores(Path folder, String backend) throws IOException {
    try (Engine engine = Engine.load(folder, options(backend));
        Session session = engine.newSession(100)) {
      session.append(tokens(64));
      return new float[][] {session.forward(1), session.forward(2)};
    }
  }

  private void decode(Path folder, String backend) throws IOException {
    long start = System.nanoTime();
    try (Engine engine = Engine.load(folder, options(backend))) {
      facts.put("seconds to load, " + backend, seconds(System.nanoTime() - start));
      for (int context : new int[] {16, 1024, 8192}) {
        try (Session session = engine.newSession(context + WARM_UP_STEPS + RUNS * STEPS)) {
          session.append(tokens(context));
          steps(session, WARM_UP_STEPS);
          measure(
              backend,
              "decode at context " + context + ", tokens/s",
              () -> {
                steps(session, STEPS);
                return STEPS;
              });
        }
      }
      for (int size : new int[] {2, 8, 32, 64}) {
        List<Session> batch = new ArrayList<>();
        for (int i = 0; i < size; i++) {
          batch.add(engine.newSession(1024));
          batch.get(i).append(tokens(16 + i));
        }
        int[] next = tokens(size);
        for (int i = 0; i < WARM_UP_STEPS; i++) {
          engine.forwardTogether(batch, next);
        }
        measure(
            backend,
            "decode of " + size + " sequences, tokens/s together",
            () -> {
              for (int i = 0; i < STEPS / 4; i++) {
                engine.forwardTogether(batch, next);
              }
              return size * (STEPS / 4);
            });
        batch.forEach(Session::close);
      }
    }
  }

  private static void steps(Session session, int count) {
    for (int i = 0; i < count; i++) {
      session.forward(i);
    }
  }

  private void prefill(Path folder, int chunk) throws IOException {
    try (Engine engine = Engine.load(folder, options("cuda").withPrefillChunk(chunk))) {
      for (int length : new int[] {128, 512, 2048, 8192}) {
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
        measure("cuda", "prefill of " + length + " in passes of " + chunk + ", tokens/s", work);
      }
    }
  }

  private void measure(String backend, String what, Work work) {
    double[] rates = new double[RUNS];
    for (int i = 0; i < RUNS; i++) {
      long start = System.nanoTime();
      int tokens = work.run();
      rates[i] = tokens * 1e9 / (System.nanoTime() - start);
    }
    Arrays.sort(rates);
    figures.add(new Figure(backend, what, rates[RUNS / 2], rates[0], rates[RUNS - 1]));
    log.printf(Locale.ROOT, "%-16s %-48s %10.0f%n", backend, what, rates[RUNS / 2]);
  }

  private static String seconds(long nanos) {
    return String.format(Locale.ROOT, "%.2f", nanos / 1e9);
  }

  private void write(Path out) throws IOException {
    StringBuilder markdown = new StringBuilder();
    facts.forEach((name, value) -> markdown.append("- " + name + ": " + value + "\n"));
    markdown.append("\n| backend | what | median of " + RUNS + " | least | most |\n");
    markdown.append("|---|---|---:|---:|---:|\n");
    for (Figure figure : figures) {
      markdown.append(
          String.format(
              Locale.ROOT,
              "| %s | %s | %.0f | %.0f | %.0f |%n",
              figure.backend(),
              figure.what(),
              figure.median(),
              figure.least(),
              figure.most()));
    }
    Files.writeString(out.resolve("cuda.md"), markdown);
    String named =
        facts.entrySet().stream()
            .map(fact -> quoted(fact.getKey()) + ": " + quoted(fact.getValue()))
            .collect(Collectors.joining(",\n  "));
    String listed =
        figures.stream()
            .map(figure ->
                String.format(
                    Locale.ROOT,
                    "{\"backend\": %s, \"what\": %s, \"median\": %.1f, \"least\": %.1f,"
                        + " \"most\": %.1f}",
                    quoted(figure.backend()),
                    quoted(figure.what()),
                    figure.median(),
                    figure.least(),
                    figure.most()))
            .collect(Collectors.joining(",\n    "));
    Files.writeString(
        out.resolve("cuda.json"),
        "{\n  " + named + ",\n  \"figures\": [\n    " + listed + "\n  ]\n}\n");
  }

  private static String quoted(String text) {
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }
}
