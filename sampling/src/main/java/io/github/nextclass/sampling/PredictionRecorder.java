package io.github.nextclass.sampling;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Takes down how the classes of a step fare, for its {@link Prediction}. Copies of all scores after
 * each filter are made only where somebody wants to see them.
 */
final class PredictionRecorder {
  private final DecodingSettings settings;
  private final BestClasses best = new BestClasses();
  private final List<Stage> stages = new ArrayList<>();
  private float[] logits = {};
  private Softmax unfiltered = new Softmax();
  private int[] top = {};

  /** All classes after a filter. */
  private record Stage(String filter, Candidates.Snapshot left) {}

  PredictionRecorder(DecodingSettings settings) {
    this.settings = settings;
  }

  /**
   * Begins a step.
   *
   * @param stepLogits the scores as the classifier gave them
   * @param stepUnfiltered their softmax
   * @param candidates all classes, not filtered yet
   */
  void start(float[] stepLogits, Softmax stepUnfiltered, Candidates candidates) {
    logits = stepLogits;
    unfiltered = stepUnfiltered;
    stages.clear();
    int count = Math.min(settings.topClasses, candidates.count());
    top = new int[0];
    if (count > 0) {
      best.select(candidates.scores(), candidates.count(), count);
      top = best.drain(candidates.scores());
    }
  }

  /** Applies the filters, and looks after each of them where that is wanted. */
  void apply(List<LogitsFilter> filters, Candidates candidates, TokenHistory history) {
    for (LogitsFilter filter : filters) {
      filter.apply(candidates, history);
      if (settings.traceFilters) {
        stages.add(new Stage(filter.toString(), candidates.snapshot()));
      }
    }
  }

  /**
   * Ends a step; several times where several classes are chosen.
   *
   * @param filtered the softmax of the candidates that are left
   */
  Prediction prediction(
      int step, int position, int tokenId, Choice choice, Candidates candidates, Softmax filtered) {
    List<ClassScore> topScores = new ArrayList<>(top.length);
    for (int id : top) {
      topScores.add(classScore(id, candidates, filtered));
    }
    return new Prediction(
        step,
        position,
        classScore(tokenId, candidates, filtered),
        choice,
        topScores,
        stages.stream().map(stage -> effect(stage, tokenId)).toList());
  }

  private ClassScore classScore(int id, Candidates candidates, Softmax filtered) {
    float filteredLogit = candidates.scoreOf(id);
    return new ClassScore(
        id,
        logits[id],
        unfiltered.probability(logits[id]),
        filteredLogit,
        filtered.probability(filteredLogit));
  }

  private FilterEffect effect(Stage stage, int tokenId) {
    List<FilterEffect.Score> scores = new ArrayList<>();
    for (int id : top) {
      scores.add(stage.left.score(id));
    }
    if (Arrays.stream(top).noneMatch(id -> id == tokenId)) {
      scores.add(stage.left.score(tokenId));
    }
    return new FilterEffect(stage.filter, stage.left.possible(), scores);
  }
}
