package io.github.nextclass.engine.backend;

import java.util.List;

/**
 * What one pass through the transformer works on: tokens of one sequence or of several. A prefill
 * is one segment of many tokens, a decode step one segment of one token, a batched decode step many
 * segments of one token.
 *
 * <pre>
 *   row of the activations   0    1    2    3    4    5
 *   tokenIds                 785  6722 315  9625 12   88
 *   positions                0    1    2    3    17   40
 *   segments                 |---- A ------|  |B|  |C|
 * </pre>
 *
 * @param tokenIds the token of each row, {@code [tokens]}
 * @param positions the position of each row in its own sequence, {@code [tokens]}
 * @param segments which rows belong to which sequence, in row order
 */
public record Step(int[] tokenIds, int[] positions, List<Segment> segments) {

  /**
   * Consecutive rows that belong to one sequence and follow each other in it.
   *
   * @param cache the keys and values of that sequence; those of these rows are appended in the pass
   * @param firstRow the first row
   * @param rowCount the number of rows, at least 1
   * @param firstPosition the position of the first row in its sequence
   */
  public record Segment(KvCache cache, int firstRow, int rowCount, int firstPosition) {}

  /**
   * The number of rows.
   *
   * @return the number of tokens in the pass
   */
  public int tokens() {
    return tokenIds.length;
  }
}
