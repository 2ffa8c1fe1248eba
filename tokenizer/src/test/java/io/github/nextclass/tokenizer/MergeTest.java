package io.github.nextclass.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** Merging: the fast ways against the rule, said as simply as possible. */
class MergeTest {

  /**
   * Random merges in random order of rank, so that merges of long tokens may come before those of
   * short ones.
   */
  @Test
  void shortAndLongWordsFollowTheRule() {
    Random random = new Random(3);
    for (int round = 0; round < 300; round++) {
      int letters = 1 + random.nextInt(4);
      int count = 1 + random.nextInt(30);
      int[][] pairs = new int[count][];
      for (int i = 0; i < count; i++) {
        pairs[i] =
            new int[] {random.nextInt(letters + i), random.nextInt(letters + i), letters + i};
      }
      if (round % 2 == 0) {
        Collections.shuffle(Arrays.asList(pairs), random);
      }
      MergeTable merges = new MergeTable(count);
      for (int rank = 0; rank < count; rank++) {
        merges.put(pairs[rank][0], pairs[rank][1], rank, pairs[rank][2]);
      }
      int[] byteTokens = new int[256];
      Arrays.fill(byteTokens, -1);
      for (int i = 0; i < letters; i++) {
        byteTokens['a' + i] = i;
      }
      for (int length : new int[] {1, 2, 3, 7, 50, 200, 201, 600}) {
        byte[] word = new byte[length];
        for (int i = 0; i < length; i++) {
          word[i] = (byte) ('a' + random.nextInt(letters));
        }
        List<Integer> expected = new ArrayList<>();
        for (byte b : word) {
          expected.add(byteTokens[b]);
        }
        mergeByTheRule(expected, merges);
        int[] rule = expected.stream().mapToInt(i -> i).toArray();

        IntBuffer out = new IntBuffer(0);
        new WordMerger(merges).merge(word, 0, length, byteTokens, out);
        assertThat(out.toArray()).isEqualTo(rule);

        int[] symbols = new int[length];
        for (int i = 0; i < length; i++) {
          symbols[i] = byteTokens[word[i]];
        }
        out.clear();
        new LongWordMerger(merges).merge(symbols, length, out);
        assertThat(out.toArray()).isEqualTo(rule);
      }
    }
  }

  private static void mergeByTheRule(List<Integer> tokens, MergeTable merges) {
    while (true) {
      int best = -1;
      int lowest = MergeTable.NO_RANK;
      for (int i = 0; i + 1 < tokens.size(); i++) {
        int rank = merges.rank(tokens.get(i), tokens.get(i + 1));
        if (rank < lowest) {
          lowest = rank;
          best = i;
        }
      }
      if (best < 0) {
        return;
      }
      tokens.set(best, merges.mergedId(lowest));
      tokens.remove(/* index */ best + 1);
    }
  }

  /** Quadratic work would take minutes here. */
  @Test
  void aMillionLettersInOneWordAreNoAttack() throws Exception {
    Tokenizer tokenizer = SmallTokenizerTest.load("small");
    for (String word :
        List.of(
            "a".repeat(1_000_000),
            "the".repeat(300_000),
            "e\u0301".repeat(200_000),
            "\u0301".repeat(500_000))) {
      int[] ids = tokenizer.encode(word);
      assertThat(ids.length).isLessThan(2_000_000);
      String decoded = tokenizer.decode(ids);
      assertThat(decoded.equals(word) || decoded.equals("\u00e9".repeat(200_000))).isTrue();
    }
  }

  @Test
  void threadsShareOneTokenizer() throws Exception {
    List<Golden> lines = Golden.resource("small-golden.jsonl");
    Tokenizer tokenizer = SmallTokenizerTest.load("small");
    Callable<Integer> work =
        () -> {
          int wrong = 0;
          for (int round = 0; round < 20; round++) {
            for (Golden line : lines) {
              wrong += Arrays.equals(tokenizer.encode(line.text("text")), line.ints("ids")) ? 0 : 1;
            }
          }
          return wrong;
        };
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      for (Future<Integer> result : threads.invokeAll(Collections.nCopies(4, work))) {
        assertThat(result.get()).isZero();
      }
    }
  }
}
