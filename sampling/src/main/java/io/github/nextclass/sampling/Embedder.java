package io.github.nextclass.sampling;

import io.github.nextclass.engine.Engine;
import io.github.nextclass.engine.Pooler;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * Texts as vectors of length 1, in which near means alike: the dot product of two is the cosine of
 * the angle between them.
 *
 * <p>The recipe is that of Qwen3-Embedding: the end token behind the text, the vector of the last
 * token after the final norm, cut to the dimension wanted, then brought to length 1. A query says
 * what it is for; a document stands bare:
 *
 * <pre>
 *   Instruct: TASK\nQuery:QUERY{@literal <|endoftext|>}
 *   DOCUMENT{@literal <|endoftext|>}
 * </pre>
 *
 * <p>Thread-safe, and usable until the model is closed.
 */
public final class Embedder {
  /** The task of the model card. */
  public static final String WEB_SEARCH =
      "Given a web search query, retrieve relevant passages that answer the query";

  private static final String END = "<|endoftext|>";

  private final Engine engine;
  private final TextEncoding encoding;
  private final Pooler pooler;
  private final OptionalInt end;

  Embedder(Engine engine, TextEncoding encoding, int dimension) {
    this.engine = engine;
    this.encoding = encoding;
    this.pooler = engine.pooler(dimension);
    this.end = encoding.tokenizer().tokenId(END);
  }

  /**
   * Returns the length of the vectors.
   *
   * @return the dimension
   */
  public int dimension() {
    return pooler.size();
  }

  /**
   * Embeds a text as it is: a document.
   *
   * @param text the text
   * @return its vector {@code [dimension]}
   * @throws IllegalArgumentException if it is empty or too long
   */
  public float[] embed(String text) {
    return embed(List.of(text)).getFirst();
  }

  /**
   * Embeds texts as they are, many of them in a pass.
   *
   * @param texts the texts
   * @return a vector for each, in their order
   * @throws IllegalArgumentException if one is empty or too long; the message says which
   * @throws NumericException if the model makes NaN of one
   */
  public List<float[]> embed(List<String> texts) {
    TextEncoding.requireText(texts);
    List<int[]> prompts = new ArrayList<>();
    for (int i = 0; i < texts.size(); i++) {
      int[] prompt = withEnd(encoding.encode(texts.get(i)));
      encoding.requireFits(prompt, 0, i, texts.size());
      prompts.add(prompt);
    }
    float[][] vectors = new float[texts.size()][];
    PromptBatches.forEach(
        engine,
        prompts,
        0,
        (first, sessions, unread) -> {
          float[][] some = engine.forwardTogether(sessions, unread, pooler);
          for (int i = 0; i < some.length; i++) {
            LogProbability.requireNumbers(
                some[i], sessions.get(i).position(), "components of the vector");
            vectors[first + i] = some[i];
          }
        });
    return List.of(vectors);
  }

  /**
   * Embeds what somebody looks for.
   *
   * @param task what the search is for, one sentence, such as {@link #WEB_SEARCH}
   * @param query what is looked for
   * @return its vector {@code [dimension]}
   * @throws IllegalArgumentException if the query is empty or too long
   */
  public float[] embedQuery(String task, String query) {
    return embedQueries(task, List.of(query)).getFirst();
  }

  /**
   * Embeds what people look for, many of them in a pass.
   *
   * @param task what the searches are for
   * @param queries what is looked for
   * @return a vector for each, in their order
   * @throws IllegalArgumentException if one is empty or too long; the message says which
   */
  public List<float[]> embedQueries(String task, List<String> queries) {
    TextEncoding.requireText(queries);
    return embed(queries.stream().map(query -> "Instruct: " + task + "\nQuery:" + query).toList());
  }

  /** Some tokenizer files ask for the end token, some do not; the model was trained with it. */
  private int[] withEnd(int[] tokenIds) {
    if (end.isEmpty() || (tokenIds.length > 0 && tokenIds[tokenIds.length - 1] == end.getAsInt())) {
      return tokenIds;
    }
    return TextEncoding.concat(tokenIds, new int[] {end.getAsInt()});
  }
}
