package io.github.nextclass.sampling;

import io.github.nextclass.engine.Engine;
import io.github.nextclass.tokenizer.Prompt;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * How well documents answer a query: a classification of each pair into yes and no.
 *
 * <pre>
 *   score = exp(logits[yes]) / (exp(logits[yes]) + exp(logits[no]))
 * </pre>
 *
 * <p>The prompt is that of Qwen3-Reranker's model card (its transformers version). With a tokenizer
 * in which yes and no are one token each, as Qwen3's, only two rows of the LM head are computed.
 * Thread-safe, and usable until the model is closed.
 */
public final class Reranker {
  private static final String BEFORE =
      "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and"
          + " the Instruct provided. Note that the answer can only be \"yes\" or"
          + " \"no\".<|im_end|>\n<|im_start|>user\n";
  private static final String BEHIND = "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n";

  private final TextEncoding encoding;
  private final ContinuationScorer scorer;
  private final int[] before;
  private final int[] behind;

  Reranker(Engine engine, TextEncoding encoding) {
    this.encoding = encoding;
    this.scorer = new ContinuationScorer(engine, List.of(content("yes"), content("no")));
    this.before = encoding.encode(List.of(PromptTemplate.template(BEFORE)));
    this.behind = encoding.encode(List.of(PromptTemplate.template(BEHIND)));
  }

  private int[] content(String text) {
    return encoding.encode(List.of(new Prompt.Part(text, Prompt.Source.CONTENT)));
  }

  /**
   * Scores documents for a web search.
   *
   * @param query what is looked for
   * @param documents the documents
   * @return a score for each in their order, 0 to 1
   * @throws IllegalArgumentException as the other method
   */
  public double[] score(String query, List<String> documents) {
    return score(Embedder.WEB_SEARCH, query, documents);
  }

  /**
   * Scores documents, many of them in a pass.
   *
   * @param task what the search is for, one sentence
   * @param query what is looked for
   * @param documents the documents
   * @return a score for each in their order, 0 to 1
   * @throws IllegalArgumentException if the query or a document is empty, or one is too long; the
   *     message says which
   */
  public double[] score(String task, String query, List<String> documents) {
    if (query.isEmpty()) {
      throw new IllegalArgumentException("the query is empty");
    }
    TextEncoding.requireText(documents);
    List<int[]> prompts = new ArrayList<>();
    for (int i = 0; i < documents.size(); i++) {
      int[] prompt = prompt(task, query, documents.get(i));
      encoding.requireFits(prompt, 0, i, documents.size());
      prompts.add(prompt);
    }
    double[][] scores = scorer.score(prompts);
    return IntStream.range(0, scores.length)
        .mapToDouble(i -> Probabilities.sigmoid(scores[i][0] - scores[i][1]))
        .toArray();
  }

  /** The three parts are tokenized apart, as the model card does. */
  private int[] prompt(String task, String query, String document) {
    String pair = "<Instruct>: " + task + "\n<Query>: " + query + "\n<Document>: " + document;
    return TextEncoding.concat(before, content(pair), behind);
  }

  /**
   * Sorts documents by how well they answer a query.
   *
   * @param query what is looked for
   * @param documents the documents
   * @return all documents, the best first, equal ones in their order
   * @throws IllegalArgumentException as {@link #score(String, String, List)}
   */
  public List<RankedDocument> rerank(String query, List<String> documents) {
    return rerank(Embedder.WEB_SEARCH, query, documents);
  }

  /**
   * Sorts documents by how well they answer a query.
   *
   * @param task what the search is for, one sentence
   * @param query what is looked for
   * @param documents the documents
   * @return all documents, the best first, equal ones in their order
   * @throws IllegalArgumentException as {@link #score(String, String, List)}
   */
  public List<RankedDocument> rerank(String task, String query, List<String> documents) {
    double[] scores = score(task, query, documents);
    return IntStream.range(0, scores.length)
        .mapToObj(i -> new RankedDocument(i, documents.get(i), scores[i]))
        .sorted(Comparator.comparingDouble(RankedDocument::score).reversed())
        .toList();
  }
}
