package io.github.nextclass.cli;

import io.github.nextclass.engine.Engine;
import io.github.nextclass.engine.KvCacheFormat;
import io.github.nextclass.engine.Session;
import io.github.nextclass.engine.WeightFormat;
import io.github.nextclass.sampling.LanguageModel;
import io.github.nextclass.sampling.LanguageModelOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.core.JsonGenerator;

/** {@code nextclass quality}: what quantising costs, of weights or of the KV cache. */
@Command(
    name = "quality",
    description = {
      "Compare a model with the one it was made of, on a text.",
      "",
      "Prints the perplexity of both, the KL divergence of the distributions of the next token from"
          + " those of the other model, in nats, and how often both have the same best token."
    })
final class QualityCommand extends CliCommand {
  /** Positions whose scores of all classes are held at a time. */
  private static final int TOGETHER = 16;

  @Mixin private final ModelOptions model = new ModelOptions();

  @Option(
      names = "--against",
      paramLabel = "DIR",
      description =
          "The model to compare with, its keys and values in f32. Default: --model as it is"
              + " stored.")
  private @Nullable Path against;

  @SuppressWarnings("NullAway.Init") // required
  @Option(
      names = "--text",
      required = true,
      paramLabel = "FILE",
      description = "The text, in UTF-8.")
  private Path text;

  @Option(
      names = "--window",
      paramLabel = "N",
      description = "Tokens of a context; each begins anew. Default: ${DEFAULT-VALUE}.")
  private int window = 512;

  @Option(
      names = "--tokens",
      paramLabel = "N",
      description = "Read N tokens of the text at most. Default: ${DEFAULT-VALUE}.")
  private int tokens = 8192;

  @Option(names = "--json", description = "Print one line of JSON.")
  private boolean json;

  @Override
  void run() throws IOException {
    if (window < 2 || tokens < 2) {
      throw usage(
          "--window and --tokens are " + window + " and " + tokens + ", expected 2 or more");
    }
    Path folder = model.folder();
    String words = Utf8.read(text);
    LanguageModelOptions options =
        new LanguageModelOptions(model.engineOptions(), Integer.MAX_VALUE);
    try (LanguageModel one = LanguageModel.load(folder, options);
        Engine other =
            Engine.load(
                against == null ? folder : against,
                model
                    .engineOptions()
                    .withWeights(WeightFormat.AS_STORED)
                    .withKvCache(KvCacheFormat.F32))) {
      if (one.engine().config().vocabSize() != other.config().vocabSize()) {
        throw usage(
            "the models have "
                + one.engine().config().vocabSize()
                + " and "
                + other.config().vocabSize()
                + " classes");
      }
      int[] ids = one.encode(words);
      Comparison comparison =
          compare(one.engine(), other, Arrays.copyOf(ids, Math.min(tokens, ids.length)));
      if (comparison.positions() == 0) {
        throw usage(text + " has " + ids.length + " tokens, expected 2 or more");
      }
      print(comparison);
    }
  }

  private Comparison compare(Engine one, Engine other, int[] ids) {
    Comparison comparison = new Comparison();
    try (Session a = one.newSession(window);
        Session b = other.newSession(window)) {
      for (int from = 0; from < ids.length - 1; from += window) {
        a.truncate(0);
        b.truncate(0);
        int end = Math.min(from + window, ids.length - 1);
        for (int at = from; at < end; at += TOGETHER) {
          int[] some = Arrays.copyOfRange(ids, at, Math.min(at + TOGETHER, end));
          List<float[]> scores = new ArrayList<>();
          a.forward(some, (position, logits) -> scores.add(logits));
          int first = at;
          int start = from;
          b.forward(
              some,
              (position, logits) -> {
                int i = start + position - first;
                comparison.add(scores.get(i), logits, ids[first + i + 1]);
              });
        }
      }
    }
    return comparison;
  }

  private void print(Comparison c) {
    if (json) {
      Json.printLine(out(), line -> write(line, c));
      return;
    }
    row("tokens", "%d", c.positions());
    row("perplexity", "%.4f", c.perplexity());
    row("perplexity of the other", "%.4f", c.otherPerplexity());
    row("KL divergence, mean", "%.6f nats", c.meanDivergence());
    row("KL divergence, 99 % below", "%.6f nats", c.divergenceBelow(0.99));
    row("same best token", "%.2f %%", 100 * c.agreement());
    out().flush();
  }

  private static void write(JsonGenerator line, Comparison c) {
    line.writeNumberProperty("tokens", c.positions());
    line.writeNumberProperty("perplexity", c.perplexity());
    line.writeNumberProperty("other_perplexity", c.otherPerplexity());
    line.writeNumberProperty("kl_mean", c.meanDivergence());
    line.writeNumberProperty("kl_99", c.divergenceBelow(0.99));
    line.writeNumberProperty("same_best", c.agreement());
  }

  private void row(String what, String format, Object value) {
    out().printf(Locale.ROOT, "  %-28s " + format + "%n", what, value);
  }
}
