package io.github.nextclass.sampling;

import io.github.nextclass.engine.Engine;
import io.github.nextclass.engine.ScoreHead;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Classification by a head that was trained for its labels: no prompt, one pass. */
final class HeadClassifier implements Classifier {
  private final Engine engine;
  private final TextEncoding encoding;
  private final ScoreHead head;

  HeadClassifier(Engine engine, TextEncoding encoding) {
    this.engine = engine;
    this.encoding = encoding;
    this.head = engine.scoreHead();
  }

  @Override
  public List<String> labels() {
    return head.labels();
  }

  @Override
  public List<Classification> classify(List<String> texts) {
    TextEncoding.requireText(texts);
    List<int[]> prompts = new ArrayList<>();
    for (int i = 0; i < texts.size(); i++) {
      int[] tokenIds = encoding.encode(texts.get(i));
      int[] counted = Arrays.copyOf(tokenIds, head.pooledLength(tokenIds));
      encoding.requireFits(counted, 0, i, texts.size());
      prompts.add(counted);
    }
    Classification[] all = new Classification[texts.size()];
    PromptBatches.forEach(
        engine,
        prompts,
        0,
        (first, sessions, unread) -> {
          float[][] logits = engine.forwardTogether(sessions, unread, head);
          for (int i = 0; i < logits.length; i++) {
            LogProbability.requireNumbers(logits[i], sessions.get(i).position());
            all[first + i] = classification(logits[i]);
          }
        });
    return List.of(all);
  }

  private Classification classification(float[] logits) {
    double[] scores = IntStream.range(0, logits.length).mapToDouble(i -> logits[i]).toArray();
    return Classification.of(head.labels(), head.probabilities(logits), scores);
  }
}
