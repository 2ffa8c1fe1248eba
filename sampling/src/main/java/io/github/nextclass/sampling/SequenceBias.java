package io.github.nextclass.sampling;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Adds a number to the score of every token that would complete one of some sequences; negative
 * infinity forbids the sequence.
 *
 * <pre>
 *   [a b c] -&gt; bias     x a b  ?        score(c) += bias
 *   [c]     -&gt; bias     x a b  ?        score(c) += bias, always
 * </pre>
 *
 * <p>As transformers' {@code SequenceBiasLogitsProcessor} and {@code NoBadWordsLogitsProcessor}.
 *
 * @param biases the number for each sequence of token ids; a sequence has at least one token
 */
public record SequenceBias(Map<List<Integer>, Float> biases) implements FilterRule {

  /** Copies the map, keeping its order, in which the numbers for one token are added up. */
  public SequenceBias {
    Map<List<Integer>, Float> copy = new LinkedHashMap<>();
    biases.forEach((sequence, bias) -> {
      Checks.check(!sequence.isEmpty(), "sequenceBias", "of sequences with tokens", sequence);
      boolean number = !Float.isNaN(bias) && bias != Float.POSITIVE_INFINITY;
      Checks.check(number, "sequenceBias", "a number, or negative infinity", bias);
      copy.put(List.copyOf(sequence), bias);
    });
    biases = Collections.unmodifiableMap(copy);
  }

  /** All token ids in all sequences. */
  int[] tokenIds() {
    return biases.keySet().stream().flatMap(List::stream).mapToInt(Integer::intValue).toArray();
  }

  /** The filter of one generation. */
  static final class Filter implements LogitsFilter {
    /** The sequences of one token first: the reference adds them up in this order. */
    private final List<Map.Entry<List<Integer>, Float>> entries = new ArrayList<>();

    private final Map<Integer, Float> sums = new LinkedHashMap<>();

    Filter(SequenceBias rule) {
      rule.biases.entrySet().stream().filter(e -> e.getKey().size() == 1).forEach(entries::add);
      rule.biases.entrySet().stream().filter(e -> e.getKey().size() > 1).forEach(entries::add);
    }

    @Override
    public void apply(Candidates candidates, TokenHistory history) {
      sums.clear();
      for (Map.Entry<List<Integer>, Float> entry : entries) {
        if (isBegun(entry.getKey(), history)) {
          sums.merge(entry.getKey().getLast(), entry.getValue(), Float::sum);
        }
      }
      float[] scores = candidates.scores();
      sums.forEach((tokenId, bias) -> {
        int index = candidates.indexOf(tokenId);
        if (index >= 0) {
          scores[index] += bias;
        }
      });
    }

    /** Whether the text ends with the sequence up to its last token. */
    private static boolean isBegun(List<Integer> sequence, TokenHistory history) {
      int before = sequence.size() - 1;
      if (before > history.length()) {
        return false;
      }
      for (int i = 0; i < before; i++) {
        if (history.tokenId(history.length() - before + i) != sequence.get(i)) {
          return false;
        }
      }
      return true;
    }
  }
}
