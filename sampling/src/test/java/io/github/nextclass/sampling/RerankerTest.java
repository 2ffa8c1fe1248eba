package io.github.nextclass.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.nextclass.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class RerankerTest {
  private static final Path MODEL = Path.of("../models/storyteller");
  private static final List<String> DOCUMENTS =
      List.of(
          "The sky is blue.", "Paris is the capital of France.", "No.", "A fox ran by the sea.");

  @Test
  void theScoreIsTheSoftmaxOfBothClasses() throws IOException {
    try (LanguageModel model = LanguageModel.load(MODEL)) {
      double[] scores = model.reranker().score("Find it", "the capital?", DOCUMENTS);
      for (int i = 0; i < scores.length; i++) {
        int[] prompt =
            model.encode(
                """
                <|im_start|>system
                Judge whether the Document meets the requirements based on the Query and the Instruct \
                provided. Note that the answer can only be "yes" or "no".<|im_end|>
                <|im_start|>user
                <Instruct>: Find it
                <Query>: the capital?
                <Document>: %s<|im_end|>
                <|im_start|>assistant
                <think>

                </think>

                """
                    .formatted(DOCUMENTS.get(i)));
        double yes = logProbability(model, prompt, "yes");
        double no = logProbability(model, prompt, "no");
        assertThat(scores[i]).isCloseTo(1 / (1 + Math.exp(no - yes)), within(1e-9));
      }
    }
  }

  /** Over all classes. */
  private static double logProbability(LanguageModel model, int[] prompt, String answer) {
    int[] tokenIds = TextEncoding.concat(prompt, model.encode(answer));
    return model.scorer().score(tokenIds, prompt.length).logProbability();
  }

  @Test
  void theAnswersOfQwen3AreOneTokenEach() throws IOException {
    Path qwen3 = Path.of("../../shared/qwen3/Qwen3-0.6B");
    assumeTrue(Files.exists(qwen3), "the published tokenizer is not there: " + qwen3);
    Tokenizer tokenizer = Tokenizer.load(qwen3);
    assertThat(tokenizer.encode("yes")).containsExactly(9693);
    assertThat(tokenizer.encode("no")).containsExactly(2152);
  }

  @Test
  void theBestComesFirst() throws IOException {
    try (LanguageModel model = LanguageModel.load(MODEL)) {
      double[] scores = model.reranker().score("the capital?", DOCUMENTS);
      List<RankedDocument> ranked = model.reranker().rerank("the capital?", DOCUMENTS);
      assertThat(ranked).hasSize(4);
      assertThat(ranked)
          .isSortedAccordingTo((a, b) -> Double.compare(b.score(), a.score()))
          .allSatisfy(document -> {
            assertThat(document.document()).isEqualTo(DOCUMENTS.get(document.index()));
            assertThat(document.score()).isEqualTo(scores[document.index()]);
          });
    }
  }

  @Test
  void whatCannotBeRankedIsRefused() throws IOException {
    try (LanguageModel model =
        LanguageModel.load(MODEL, LanguageModelOptions.defaults().withContextLength(200))) {
      Reranker reranker = model.reranker();
      assertThatIllegalArgumentException()
          .isThrownBy(() -> reranker.rerank("", DOCUMENTS))
          .withMessage("the query is empty");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> reranker.rerank("q", List.of("a", "")))
          .withMessage("text 2 of 2 is empty");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> reranker.rerank("q", List.of("word ".repeat(300))))
          .withMessageContaining("the text is too long");
      assertThat(reranker.rerank("q", List.of())).isEmpty();
    }
  }
}
