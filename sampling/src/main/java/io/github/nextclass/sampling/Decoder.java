package io.github.nextclass.sampling;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Spliterator;
import java.util.SplittableRandom;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/**
 * Generation as repeated classification. One turn of the loop is {@link #next()}:
 *
 * <pre>
 *   classify   what class does the prefix belong to? One score for each class, and the classes are the tokens
 *   filter     penalties, masks, temperature, top-k, top-p ...
 *   choose     the best class, or one drawn by its probability
 *   append     the token of the class to the prefix
 *   stop?      otherwise ask again
 * </pre>
 *
 * <p>A decoder serves one generation. Drive it by {@link #run(GenerationListener)}, by {@link
 * #stream()}, or step by step; whichever way it ends, {@link #result()} has what was generated. The
 * last token chosen is not read by the classifier.
 *
 * <p>An exception from the classifier or a listener leaves the decoder between two steps: it may be
 * driven on. Not thread-safe; only a {@link Cancellation} and the closing of a stream may come from
 * another thread.
 */
public final class Decoder {
  private final TokenClassifier classifier;
  private final DecodingSettings settings;
  private final GenerationClock clock;

  private final TokenHistory history;
  private final Candidates candidates;
  private final List<LogitsFilter> filters;
  private final Chooser chooser;
  private final StopTokens stopTokens;
  private final GeneratedText text;
  private final long seed;

  /** The classifier, if it can choose by itself and nobody wants to see the scores. */
  private final @Nullable GreedyAhead ahead;

  private final Softmax unfiltered = new Softmax();
  private final PredictionRecorder recorder;
  private final List<Prediction> predictions = new ArrayList<>();

  private final int cachedTokens;
  private Duration firstToken = Duration.ZERO;
  private Duration total = Duration.ZERO;
  private volatile boolean closed;
  private @Nullable FinishReason finishReason;

  /**
   * Prepares a generation of token ids without text.
   *
   * @param classifier what to ask
   * @param prompt the prefix to start from, at least one token; what the classifier has read
   *     already must be the beginning of it
   * @param decoding the settings
   * @throws IllegalArgumentException if a token is not a class, or the prompt or prompt and {@link
   *     Decoding#maxNewTokens(int)} do not fit into the classifier; or if the settings need a
   *     detokenizer
   */
  public Decoder(TokenClassifier classifier, int[] prompt, Decoding decoding) {
    this(classifier, prompt, decoding, Detokenizer.none(), new Cancellation());
  }

  /**
   * Prepares a generation.
   *
   * @param classifier what to ask
   * @param prompt the prefix to start from, at least one token; what the classifier has read
   *     already must be the beginning of it
   * @param decoding the settings
   * @param detokenizer makes the text
   * @param cancellation stops it
   * @throws IllegalArgumentException if a token is not a class, or the prompt or prompt and {@link
   *     Decoding#maxNewTokens(int)} do not fit into the classifier; or if the settings need a
   *     detokenizer
   */
  public Decoder(
      TokenClassifier classifier,
      int[] prompt,
      Decoding decoding,
      Detokenizer detokenizer,
      Cancellation cancellation) {
    this(classifier, prompt, decoding, detokenizer, cancellation, System::nanoTime);
  }

  Decoder(
      TokenClassifier classifier,
      int[] prompt,
      Decoding decoding,
      Detokenizer detokenizer,
      Cancellation cancellation,
      LongSupplier nanoClock) {
    this(
        classifier,
        prompt,
        decoding,
        detokenizer,
        new GenerationClock(decoding.settings().deadline, cancellation, nanoClock));
  }

  Decoder(
      TokenClassifier classifier,
      int[] prompt,
      Decoding decoding,
      Detokenizer detokenizer,
      GenerationClock clock) {
    int classes = classifier.classes();
    this.settings = decoding.settings();
    DecoderChecks.check(classifier, prompt, settings, detokenizer);
    DecoderChecks.checkOneSequence(settings);
    ContrastiveClassifier contrastive = contrastive(classifier, settings.contrastive);
    this.clock = clock;
    this.history = new TokenHistory(prompt);
    this.candidates = new Candidates(classes);
    this.seed = settings.seed != null ? settings.seed : new SplittableRandom().nextLong();
    this.filters =
        LogitsFilters.of(
            settings, classes, seed, constrained(classifier, detokenizer, prompt.length));
    this.ahead = ahead(classifier, settings, filters);
    TokenClassifier asked =
        ahead != null ? ahead : withPromptLookup(classifier, prompt, settings.promptLookup);
    this.classifier = contrastive != null ? contrastive : asked;
    Chooser plain = settings.sample ? new CategoricalDraw(seed) : new Argmax();
    this.chooser = contrastive != null ? contrastive : plain;
    this.recorder = new PredictionRecorder(settings);
    this.stopTokens = StopTokens.of(settings, classes);
    this.text =
        new GeneratedText(
            detokenizer, new StopStringMatcher(settings.stopStrings, settings.includeStopString));
    this.cachedTokens = this.classifier.position();
  }

  private static @Nullable ContrastiveClassifier contrastive(
      TokenClassifier classifier, @Nullable ContrastiveSearch contrastive) {
    if (contrastive == null) {
      return null;
    }
    if (!(classifier instanceof VectorClassifier model)) {
      throw new IllegalArgumentException(
          "contrastive search needs a classifier that shows its vectors, a VectorClassifier");
    }
    return new ContrastiveClassifier(model, contrastive);
  }

  /** Of the scores, only the best one is looked at. */
  private static @Nullable GreedyAhead ahead(
      TokenClassifier classifier, DecodingSettings settings, List<LogitsFilter> filters) {
    boolean looksAtScores =
        settings.sample
            || !filters.isEmpty()
            || settings.topClasses > 0
            || settings.contrastive != null
            || settings.promptLookup != null;
    return !looksAtScores
            && classifier instanceof GreedyAhead.Model model
            && model.runsAhead()
            && model.classes() > 1
        ? new GreedyAhead(model)
        : null;
  }

  private static TokenClassifier withPromptLookup(
      TokenClassifier classifier, int[] prompt, @Nullable PromptLookup promptLookup) {
    if (promptLookup == null) {
      return classifier;
    }
    if (!(classifier instanceof BranchingClassifier model)) {
      throw new IllegalArgumentException(
          "promptLookup needs a classifier that can take its prefix back, a BranchingClassifier");
    }
    return new PromptLookupClassifier(
        model, Arrays.copyOf(prompt, classifier.position()), promptLookup);
  }

  /**
   * Makes one step. The first one reads the prompt.
   *
   * @return the classification that was made and the text that it completed
   * @throws IllegalStateException if the generation {@link #isFinished()}
   * @throws NumericException if scores are NaN
   * @throws DecodingException if no class is left to choose
   */
  public GenerationStep next() {
    if (finishReason != null) {
      throw new IllegalStateException("the generation is finished: " + finishReason);
    }
    clock.start();

    try {
      FinishReason obstacle = obstacle();
      if (obstacle == null) {
        obstacle = clock.read(classifier, history, classifier.pieceLength());
      }
      if (obstacle != null) {
        return end(obstacle);
      }
      return accept(ahead == null ? choose(classifier.classify(unread())) : chosenBy(ahead));
    } catch (CancellationException e) {
      return end(FinishReason.CANCELLED);
    }
  }

  /** Ends a step, which may be one that somebody else has asked for. */
  GenerationStep accept(Prediction prediction) {
    history.append(prediction.tokenId());
    predictions.add(prediction);
    stopClock();

    String newText = "";
    FinishReason reason = stopTokens.reason(prediction.tokenId());
    if (reason == null) {
      newText =
          text.append(prediction.tokenId(), history.generatedLength() > settings.minNewTokens);
      reason = reasonToStop();
    }
    return reason == null
        ? new GenerationStep(prediction, newText, null)
        : end(prediction, newText, reason);
  }

  /** Ends the generation between two steps. */
  GenerationStep end(FinishReason reason) {
    return end(null, "", reason);
  }

  /**
   * Makes all steps to the end.
   *
   * @param listener hears of each step
   * @return what was generated
   */
  public Generation run(GenerationListener listener) {
    while (!isFinished()) {
      GenerationStep step = next();
      if (step.prediction() != null) {
        listener.onPrediction(step.prediction());
      }
      if (!step.text().isEmpty()) {
        listener.onText(step.text());
      }
    }
    return result();
  }

  /**
   * Returns the steps to the end as a stream, each of which is made when it is pulled. The last one
   * has a finish reason. Closing the stream cancels the generation.
   *
   * @return a sequential, ordered stream
   */
  public Stream<GenerationStep> stream() {
    return StreamSupport.stream(new Steps(), false).onClose(() -> closed = true);
  }

  /**
   * Tells whether the end was reached.
   *
   * @return true if there is no next step
   */
  public boolean isFinished() {
    return finishReason != null;
  }

  /**
   * Returns what was generated so far.
   *
   * @return the generation; if it is not finished, with {@link FinishReason#CANCELLED} and without
   *     text that is still held back
   */
  public Generation result() {
    FinishReason reason = finishReason == null ? FinishReason.CANCELLED : finishReason;
    int promptTokens = predictions.isEmpty() ? 0 : history.promptLength() - cachedTokens;
    Timings timings = new Timings(promptTokens, firstToken, predictions.size(), total);
    return new Generation(text.toString(), predictions, reason, seed, timings);
  }

  /** The tokens that the classifier has not read. */
  int[] unread() {
    int from = classifier.position();
    if (from >= history.length()) {
      throw new IllegalStateException(
          "the classifier has read "
              + from
              + " tokens, but the sequence has only "
              + history.length()
              + ": it was used by somebody else");
    }
    return history.range(from, history.length());
  }

  /** Why there is no next step; null if there is one. */
  @Nullable FinishReason obstacle() {
    if (closed) {
      return FinishReason.CANCELLED;
    }
    FinishReason obstacle = clock.obstacle();
    if (obstacle == null && history.length() > classifier.capacity()) {
      return FinishReason.CONTEXT_FULL;
    }
    return obstacle;
  }

  /** How many steps there can be, the next one included. */
  private int stepsLeft() {
    return settings.maxNewTokens == Decoding.UNLIMITED
        ? Integer.MAX_VALUE
        : settings.maxNewTokens - history.generatedLength();
  }

  /** What the classifier chooses by itself; by the scores, if somebody has to look at those. */
  private Prediction chosenBy(GreedyAhead model) {
    ClassScore best = model.best(unread(), stepsLeft());
    if (best == null) {
      return choose(model.classify(unread()));
    }
    return new Prediction(
        history.generatedLength(), history.length(), best, new Choice.Best(), List.of(), List.of());
  }

  /** Chooses by scores. */
  Prediction choose(float[] logits) {
    int step = history.generatedLength();
    DecoderChecks.measure(unfiltered, logits, classifier.classes(), step);
    candidates.reset(logits);
    recorder.start(logits, unfiltered, candidates);
    recorder.apply(filters, candidates, history);
    Softmax filtered = filters.isEmpty() ? unfiltered : candidates.measure();
    if (filtered.max() == Float.NEGATIVE_INFINITY) {
      throw new DecodingException(step, noClassLeft());
    }
    Chooser.Chosen chosen =
        candidates.count() == 1
            ? new Chooser.Chosen(0, new Choice.Only())
            : chooser.choose(candidates, step);
    filters.forEach(filter -> filter.chosen(candidates, chosen.index()));
    return recorder.prediction(
        step,
        history.length(),
        candidates.id(chosen.index()),
        chosen.choice(),
        candidates,
        filtered);
  }

  private String noClassLeft() {
    if (unfiltered.max() == Float.NEGATIVE_INFINITY) {
      return "all " + classifier.classes() + " logits are -Infinity";
    }
    return "no class is left to choose after the filters "
        + filters.stream().map(Object::toString).collect(Collectors.joining(", "));
  }

  private @Nullable ConstrainedClasses constrained(
      TokenClassifier model, Detokenizer detokenizer, int promptLength) {
    if (settings.constraint == null) {
      return null;
    }
    // The last token chosen is not read, so there is room for one more than the context holds.
    int room = model.capacity() - promptLength + 1;
    return new ConstrainedClasses(
        detokenizer.tokenTrie().orElseThrow().walk(settings.constraint),
        StopTokens.of(settings, model.classes()),
        Math.min(settings.maxNewTokens, room));
  }

  private @Nullable FinishReason reasonToStop() {
    if (text.stopped()) {
      return FinishReason.STOP_STRING;
    }
    return history.generatedLength() >= settings.maxNewTokens ? FinishReason.LENGTH : null;
  }

  private GenerationStep end(@Nullable Prediction prediction, String newText, FinishReason reason) {
    finishReason = reason;
    total = clock.elapsed();
    return new GenerationStep(prediction, newText + text.end(), reason);
  }

  private void stopClock() {
    total = clock.elapsed();
    if (predictions.size() == 1) {
      firstToken = total;
    }
  }

  /** Pulls one step at a time; never split, since a step needs the one before. */
  private final class Steps implements Spliterator<GenerationStep> {

    @Override
    public boolean tryAdvance(Consumer<? super GenerationStep> action) {
      if (isFinished()) {
        return false;
      }
      action.accept(next());
      return true;
    }

    @Override
    public @Nullable Spliterator<GenerationStep> trySplit() {
      return null;
    }

    @Override
    public long estimateSize() {
      return Long.MAX_VALUE;
    }

    @Override
    public int characteristics() {
      return ORDERED | NONNULL;
    }
  }
}
