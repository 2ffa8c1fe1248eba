package io.github.nextclass.sampling;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CancellationException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Beam search, as transformers' {@code GenerationMixin._beam_search} defines it. One turn of its
 * loop:
 *
 * <pre>
 *   classify    the running sequences, numBeams of them, all in one pass
 *   extend      score(sequence + token) = score(sequence) + ln p(token), filtered; the best continuations of all,
 *               or, with a temperature, some drawn by their scores
 *   split       those that end here, and the best numBeams of the others, which run on
 *   finish      of the first numBeams continuations those that end compete with the finished sequences
 *               by score / length ^ lengthPenalty; the best numBeams stay
 *   stop?       when nothing better can come, as {@link BeamSearch.EarlyStopping} understands it
 * </pre>
 *
 * <p>There are (1 + number of end tokens) * numBeams continuations, so that enough are left to run
 * on when some end. The arithmetic is in float and in the reference's order; where the reference
 * adds -1e9 to put something behind everything else, so does this.
 *
 * <p>Serves one search. Not thread-safe.
 */
final class BeamSearcher {
  /** What the reference adds to the score of what must not be chosen. */
  private static final float EXCLUDED = -1.0e9f;

  private final BranchingClassifier root;
  private final DecodingSettings settings;
  private final BeamSearch beams;
  private final GenerationClock clock;
  private final StopTokens stopTokens;
  private final int continuations;
  private final int maxNewTokens;
  private final int promptLength;
  private final BeamExtender extender;
  private final GenerationListener listener;
  private final long seed;

  private List<Beam> running = new ArrayList<>();
  private List<Hypothesis> finished = new ArrayList<>();
  private boolean improvementPossible = true;
  private int newTokens;
  private Duration firstToken = Duration.ZERO;

  /** A sequence that runs on, and the classifier that has read it up to its last token. */
  private record Beam(TokenHistory history, Path path, float score, BranchingClassifier branch) {}

  /** The steps of a sequence, last first, shared by the sequences that begin alike. */
  private record Path(@Nullable Path before, @Nullable Prediction last) {
    Path plus(Prediction prediction) {
      return new Path(this, prediction);
    }

    List<Prediction> predictions() {
      List<Prediction> predictions = new ArrayList<>();
      for (Path path = this; path != null && path.last != null; path = path.before) {
        predictions.add(path.last);
      }
      Collections.reverse(predictions);
      return predictions;
    }
  }

  /** A running sequence with one token more. */
  private record Continuation(
      Beam beam, Prediction prediction, float score, float key, @Nullable FinishReason end) {
    Path path() {
      return beam.path.plus(prediction);
    }

    Continuation ranked(int rank) {
      return new Continuation(
          beam, prediction.chosenBy(new Choice.Beam(rank, score)), score, key, end);
    }

    Continuation withScore(float other) {
      return new Continuation(beam, prediction, other, key, end);
    }
  }

  /** A place among the finished sequences; empty where {@code end} is null. */
  private record Hypothesis(@Nullable Path path, float score, @Nullable FinishReason end) {
    boolean isFinished() {
      return end != null;
    }
  }

  private BeamSearcher(
      BranchingClassifier root,
      int[] prompt,
      DecodingSettings settings,
      BeamSearch beams,
      GenerationClock clock,
      GenerationListener listener) {
    this.root = root;
    this.settings = settings;
    this.beams = beams;
    this.clock = clock;
    this.stopTokens = StopTokens.of(settings, root.classes());
    this.continuations = continuations(beams, stopTokens);
    this.promptLength = prompt.length;
    // The last token need not be read, so there may be one more than there is room for.
    this.maxNewTokens = Math.min(settings.maxNewTokens, root.capacity() - prompt.length + 1);
    this.seed = settings.seed != null ? settings.seed : new SplittableRandom().nextLong();
    this.extender = new BeamExtender(settings, root.classes(), continuations, seed);
    this.listener = listener;
  }

  static int continuations(BeamSearch beams, StopTokens stopTokens) {
    return Math.max(2, 1 + stopTokens.all().length) * beams.numBeams();
  }

  /**
   * Searches.
   *
   * @param root has read the beginning of the prompt or nothing; reads the rest but its last token
   * @param prompt at least one token
   * @param decoding with beams
   * @param detokenizers makes one for each sequence
   * @param clock what may end the search; what was found by then is returned
   * @param listener hears of each step of the search
   * @return as many sequences as asked for, best first; fewer if it was ended before
   */
  static List<Generation> run(
      BranchingClassifier root,
      int[] prompt,
      Decoding decoding,
      Supplier<Detokenizer> detokenizers,
      GenerationClock clock,
      GenerationListener listener) {
    DecodingSettings settings = decoding.settings();
    BeamSearch beams = decoding.settings().beams().orElseThrow();
    DecoderChecks.check(root, prompt, settings, detokenizers.get());
    DecoderChecks.checkBeams(beams, settings, root.classes());
    int cachedTokens = root.position();
    BeamSearcher search = new BeamSearcher(root, prompt, settings, beams, clock, listener);
    clock.start();
    FinishReason obstacle = search.search(prompt);
    return search.results(obstacle, prompt.length - cachedTokens, detokenizers);
  }

  private @Nullable FinishReason search(int[] prompt) {
    TokenHistory history = new TokenHistory(prompt);
    try {
      FinishReason obstacle = clock.read(root, history, 1);
      if (obstacle != null) {
        return obstacle;
      }
      start(history);
      boolean goOn = true;
      while (goOn) {
        obstacle = clock.obstacle();
        if (obstacle != null) {
          return obstacle;
        }
        goOn = step();
      }
      return null;
    } catch (CancellationException e) {
      return FinishReason.CANCELLED;
    } finally {
      distinct(running).forEach(BranchingClassifier::close);
    }
  }

  /** All beams begin alike; only the first counts, or all would go the same way. */
  private void start(TokenHistory history) {
    BranchingClassifier branch = root.fork();
    Path empty = new Path(null, null);
    for (int i = 0; i < beams.numBeams(); i++) {
      running.add(new Beam(history, empty, i == 0 ? 0 : EXCLUDED, branch));
      finished.add(new Hypothesis(null, EXCLUDED, null));
    }
  }

  /** One turn of the loop. Returns whether there is another. */
  private boolean step() {
    List<Continuation> best = extend(classify());
    newTokens++;
    if (newTokens == 1) {
      firstToken = clock.elapsed();
    }
    finish(best);
    boolean allEnd = best.stream().allMatch(continuation -> continuation.end != null);
    List<Continuation> next = runOn(best);
    improvementPossible &= canImprove(next.getFirst().score);
    tell(next, best);
    boolean full = finished.stream().allMatch(Hypothesis::isFinished);
    boolean goOn =
        improvementPossible
            && !(full && beams.earlyStopping() == BeamSearch.EarlyStopping.TRUE)
            && !allEnd;
    if (goOn) {
      reorder(next);
    }
    return goOn;
  }

  private void tell(List<Continuation> next, List<Continuation> best) {
    List<BeamStep.Path> goOn = new ArrayList<>();
    for (Continuation c : next) {
      if (c.end == null) {
        goOn.add(new BeamStep.Path(running.indexOf(c.beam), c.prediction.tokenId(), c.score));
      }
    }
    List<BeamStep.Path> ended = new ArrayList<>();
    for (Continuation c : best) {
      for (Hypothesis h : finished) {
        if (h.path != null && h.isFinished() && c.prediction.equals(h.path.last)) {
          ended.add(new BeamStep.Path(running.indexOf(c.beam), c.prediction.tokenId(), h.score));
        }
      }
    }
    listener.onBeams(new BeamStep(newTokens - 1, goOn, ended));
  }

  private float[][] classify() {
    if (newTokens == 0) {
      Beam first = running.getFirst();
      float[] scores = first.branch.classify(first.history.tokenId(promptLength - 1)).clone();
      float[][] same = new float[running.size()][];
      Arrays.fill(same, scores);
      return same;
    }
    List<BranchingClassifier> batch = running.stream().map(Beam::branch).toList();
    int[] tokenIds =
        running.stream()
            .mapToInt(beam -> beam.history.tokenId(beam.history.length() - 1))
            .toArray();
    return root.classifyTogether(batch, tokenIds);
  }

  /** The best continuations of all beams, best first. */
  private List<Continuation> extend(float[][] scores) {
    List<Continuation> all = new ArrayList<>();
    for (int b = 0; b < running.size(); b++) {
      Beam beam = running.get(b);
      for (BeamExtender.Extension extension :
          extender.extend(scores[b], beam.history, beam.score, draw(b))) {
        all.add(
            new Continuation(
                beam,
                extension.prediction(),
                extension.score(),
                extension.key(),
                endOf(extension.prediction().tokenId())));
      }
    }
    // Stable, and in the order of beams and ids before: of equal ones the first counts.
    all.sort(Comparator.comparingDouble((Continuation c) -> -c.key));
    if (all.isEmpty() || all.getFirst().key == Float.NEGATIVE_INFINITY) {
      throw new DecodingException(newTokens, "no class is left to choose in any beam");
    }
    List<Continuation> best = new ArrayList<>();
    for (int i = 0; i < Math.min(continuations, all.size()); i++) {
      best.add(all.get(i).ranked(i));
    }
    return best;
  }

  private long draw(int beam) {
    return (long) newTokens * beams.numBeams() + beam;
  }

  private @Nullable FinishReason endOf(int tokenId) {
    FinishReason end = stopTokens.reason(tokenId);
    if (end == null && newTokens + 1 >= maxNewTokens) {
      return newTokens + 1 == settings.maxNewTokens
          ? FinishReason.LENGTH
          : FinishReason.CONTEXT_FULL;
    }
    return end;
  }

  /** The best of those that do not end. */
  private List<Continuation> runOn(List<Continuation> best) {
    List<Continuation> next = new ArrayList<>();
    for (Continuation c : best) {
      next.add(c.end == null ? c : c.withScore(c.score + EXCLUDED));
    }
    next.sort(Comparator.comparingDouble((Continuation c) -> -c.score));
    return next.subList(0, Math.min(beams.numBeams(), next.size()));
  }

  /** Lets those that end, if they are among the first, compete with those that are finished. */
  private void finish(List<Continuation> best) {
    boolean closed =
        beams.earlyStopping() == BeamSearch.EarlyStopping.TRUE
            && finished.stream().allMatch(Hypothesis::isFinished);
    float divisor = (float) StrictMath.pow(newTokens, beams.lengthPenalty());
    List<Hypothesis> merged = new ArrayList<>(finished);
    for (int i = 0; i < best.size(); i++) {
      Continuation c = best.get(i);
      boolean ends = c.end != null && i < beams.numBeams();
      float score = c.score / divisor;
      score += closed ? EXCLUDED : 0;
      score += improvementPossible ? 0 : EXCLUDED;
      score += ends ? 0 : EXCLUDED;
      merged.add(new Hypothesis(c.path(), score, ends ? c.end : null));
    }
    merged.sort(Comparator.comparingDouble((Hypothesis h) -> -h.score));
    finished = merged.subList(0, beams.numBeams());
  }

  /** Whether the best running sequence may still become better than a finished one. */
  private boolean canImprove(float bestRunning) {
    boolean longest =
        beams.earlyStopping() == BeamSearch.EarlyStopping.NEVER && beams.lengthPenalty() > 0;
    int length = longest ? maxNewTokens : newTokens;
    float hypothetical = bestRunning / (float) StrictMath.pow(length, beams.lengthPenalty());
    float worst = finished.getLast().score;
    return finished.stream().anyMatch(h -> hypothetical > (h.isFinished() ? worst : EXCLUDED));
  }

  /** Gives each sequence that runs on a classifier: that of the one it came from, or a branch. */
  private void reorder(List<Continuation> next) {
    Set<BranchingClassifier> taken = Collections.newSetFromMap(new IdentityHashMap<>());
    List<Beam> beamsNow = new ArrayList<>();
    try {
      for (Continuation c : next) {
        BranchingClassifier branch = c.beam.branch;
        TokenHistory history = c.beam.history.copy();
        history.append(c.prediction.tokenId());
        beamsNow.add(
            new Beam(history, c.path(), c.score, taken.add(branch) ? branch : branch.fork()));
      }
      distinct(running).stream()
          .filter(branch -> !taken.contains(branch))
          .forEach(BranchingClassifier::close);
    } catch (RuntimeException | Error e) {
      running.addAll(beamsNow); // so that all are closed
      throw e;
    }
    running = beamsNow;
  }

  private static Set<BranchingClassifier> distinct(List<Beam> beams) {
    Set<BranchingClassifier> branches = Collections.newSetFromMap(new IdentityHashMap<>());
    beams.forEach(beam -> branches.add(beam.branch));
    return branches;
  }

  private List<Generation> results(
      @Nullable FinishReason obstacle, int promptTokens, Supplier<Detokenizer> detokenizers) {
    List<Hypothesis> found = new ArrayList<>(finished);
    found.removeIf(h -> obstacle != null && !h.isFinished());
    if (obstacle != null) {
      running.forEach(beam -> found.add(new Hypothesis(beam.path, beam.score, obstacle)));
    }
    Duration total = clock.elapsed();
    List<Generation> results = new ArrayList<>();
    for (Hypothesis h : found) {
      if (results.size() == settings.numReturnSequences || h.path == null || h.end == null) {
        break;
      }
      List<Prediction> predictions = h.path.predictions();
      boolean read = !predictions.isEmpty();
      results.add(
          new Generation(
              text(predictions, detokenizers.get()),
              predictions,
              h.end,
              seed,
              new Timings(read ? promptTokens : 0, firstToken, predictions.size(), total)));
    }
    if (results.isEmpty() && obstacle != null) {
      results.add(
          new Generation("", List.of(), obstacle, seed, new Timings(0, firstToken, 0, total)));
    }
    return results;
  }

  private String text(List<Prediction> predictions, Detokenizer detokenizer) {
    StringBuilder text = new StringBuilder();
    for (Prediction prediction : predictions) {
      if (stopTokens.reason(prediction.tokenId()) == null) {
        text.append(detokenizer.append(prediction.tokenId()));
      }
    }
    return text.append(detokenizer.flush()).toString();
  }
}
