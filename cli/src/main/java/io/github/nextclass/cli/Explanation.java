package io.github.nextclass.cli;

import io.github.nextclass.sampling.BeamStep;
import io.github.nextclass.sampling.ClassScore;
import io.github.nextclass.sampling.Generation;
import io.github.nextclass.sampling.Prediction;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What there is to tell of a generation.
 *
 * @param model what it was made with
 * @param settings how classes were chosen, a phrase for each
 * @param prompt its tokens
 * @param generation its steps
 * @param beams the steps of the beam search; empty if there was none
 * @param attention what a head of attention looked at; null if it was not asked for
 * @param label what a class is called
 */
record Explanation(
    String model,
    List<String> settings,
    int[] prompt,
    Generation generation,
    List<BeamStep> beams,
    @Nullable Attention attention,
    Label label) {

  /** How a class is called: by its token's text, or by nothing where there is no tokenizer. */
  interface Label {
    String of(int tokenId);
  }

  /**
   * What one head looked at.
   *
   * @param layer from 0
   * @param head from 0
   * @param probs for each token of the sequence the probabilities of those up to it
   */
  record Attention(int layer, int head, float[][] probs) {}

  /** The best classes of a step, and the chosen one if it is not among them. */
  static List<ClassScore> classes(Prediction step) {
    List<ClassScore> classes = new ArrayList<>(step.top());
    if (classes.stream().noneMatch(score -> score.tokenId() == step.tokenId())) {
      classes.add(step.chosen());
    }
    return classes;
  }

  /** The same with what a head looked at. */
  Explanation with(Attention look) {
    return new Explanation(model, settings, prompt, generation, beams, look, label);
  }

  /** Prompt and generated tokens. */
  int[] sequence() {
    int[] generated = generation.tokenIds();
    int[] sequence = Arrays.copyOf(prompt, prompt.length + generated.length);
    System.arraycopy(generated, 0, sequence, prompt.length, generated.length);
    return sequence;
  }
}
