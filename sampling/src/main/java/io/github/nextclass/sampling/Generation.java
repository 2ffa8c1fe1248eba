package io.github.nextclass.sampling;

import java.util.List;

/**
 * What was generated: a sequence of classifications, and the text that their classes spell.
 *
 * @param text the generated text without the prompt; empty if there is no tokenizer
 * @param predictions one per generated token
 * @param finishReason why it ended
 * @param seed the seed of the draws: with the same prompt and settings it gives the same tokens
 *     again
 * @param timings how long it took
 */
public record Generation(
    String text,
    List<Prediction> predictions,
    FinishReason finishReason,
    long seed,
    Timings timings) {

  /**
   * Creates a result.
   *
   * @param text the generated text
   * @param predictions one per generated token; copied
   * @param finishReason why it ended
   * @param seed the seed of the draws
   * @param timings how long it took
   */
  public Generation {
    predictions = List.copyOf(predictions);
  }

  /**
   * Returns the generated tokens without the prompt. A token that ended the generation is the last
   * of them.
   *
   * @return a new array
   */
  public int[] tokenIds() {
    return predictions.stream().mapToInt(Prediction::tokenId).toArray();
  }
}
