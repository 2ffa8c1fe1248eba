package io.github.nextclass.sampling;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CancellationException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Several samples of one prompt. The prompt is read once, all but its last token; then each sample
 * is a branch with a decoder of its own, and each step asks one question for all of them:
 *
 * <pre>
 *   prompt but its last token --+-- last token -- a -- b ...     seed
 *                               +-- last token -- c -- d ...     seed + 1
 *                               +-- last token -- a -- e ...     seed + 2
 * </pre>
 *
 * <p>A sample has the tokens that a generation of its own with its seed would have.
 */
final class ParallelSamples {
  private final BranchingClassifier root;
  private final GenerationClock clock;
  private final List<BranchingClassifier> branches = new ArrayList<>();
  private final List<Decoder> decoders = new ArrayList<>();

  private ParallelSamples(BranchingClassifier root, GenerationClock clock) {
    this.root = root;
    this.clock = clock;
  }

  /**
   * Makes the samples.
   *
   * @param root has read the beginning of the prompt or nothing; reads the rest but its last token
   * @param prompt at least one token
   * @param decoding sampling, and how many
   * @param detokenizers makes one for each sample
   * @param clock what may end them
   * @return one generation for each, in the order of their seeds
   */
  static List<Generation> run(
      BranchingClassifier root,
      int[] prompt,
      Decoding decoding,
      Supplier<Detokenizer> detokenizers,
      GenerationClock clock) {
    DecodingSettings settings = decoding.settings();
    DecoderChecks.check(root, prompt, settings, detokenizers.get());
    DecoderChecks.checkSamples(settings);
    long seed = settings.seed != null ? settings.seed : new SplittableRandom().nextLong();
    ParallelSamples samples = new ParallelSamples(root, clock);
    try {
      clock.start();
      FinishReason obstacle = samples.read(prompt);
      for (int i = 0; i < settings.numReturnSequences; i++) {
        Decoding own = decoding.numReturnSequences(1).seed(seed + i);
        samples.branch(prompt, own, detokenizers.get());
      }
      samples.run(obstacle);
      return samples.decoders.stream().map(Decoder::result).toList();
    } finally {
      samples.branches.forEach(BranchingClassifier::close);
    }
  }

  private @Nullable FinishReason read(int[] prompt) {
    try {
      return clock.read(root, new TokenHistory(prompt), 1);
    } catch (CancellationException e) {
      return FinishReason.CANCELLED;
    }
  }

  private void branch(int[] prompt, Decoding decoding, Detokenizer detokenizer) {
    BranchingClassifier branch = root.fork();
    branches.add(branch);
    decoders.add(new Decoder(branch, prompt, decoding, detokenizer, clock));
  }

  private void run(@Nullable FinishReason obstacle) {
    if (obstacle != null) {
      decoders.forEach(decoder -> decoder.end(obstacle));
    }
    while (true) {
      List<Integer> asking = asking();
      if (asking.isEmpty()) {
        return;
      }
      List<BranchingClassifier> batch = asking.stream().map(branches::get).toList();
      int[] tokenIds = asking.stream().mapToInt(i -> decoders.get(i).unread()[0]).toArray();
      float[][] scores;
      try {
        scores = root.classifyTogether(batch, tokenIds);
      } catch (CancellationException e) {
        asking.forEach(i -> decoders.get(i).end(FinishReason.CANCELLED));
        return;
      }
      for (int i = 0; i < batch.size(); i++) {
        Decoder decoder = decoders.get(asking.get(i));
        decoder.accept(decoder.choose(scores[i]));
      }
    }
  }

  /** Ends those that something keeps from going on, and returns which go on. */
  private List<Integer> asking() {
    List<Integer> asking = new ArrayList<>();
    for (int i = 0; i < decoders.size(); i++) {
      Decoder decoder = decoders.get(i);
      if (decoder.isFinished()) {
        continue;
      }
      FinishReason obstacle = decoder.obstacle();
      if (obstacle == null) {
        asking.add(i);
      } else {
        decoder.end(obstacle);
      }
    }
    return asking;
  }
}
