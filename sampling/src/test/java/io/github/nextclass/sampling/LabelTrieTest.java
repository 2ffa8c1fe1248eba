package io.github.nextclass.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LabelTrieTest {

  /** What the trie holds, found by walking it. */
  private static Map<Integer, List<Integer>> sequences(LabelTrie trie) {
    Map<Integer, List<Integer>> found = new TreeMap<>();
    walk(trie.root(), List.of(), found);
    return found;
  }

  private static void walk(
      LabelTrie.Node node, List<Integer> before, Map<Integer, List<Integer>> found) {
    List<Integer> here = new ArrayList<>(before);
    Arrays.stream(node.edge()).forEach(here::add);
    if (node.sequence() != LabelTrie.NONE) {
      assertThat(found.put(node.sequence(), here)).isNull();
    }
    for (LabelTrie.Node child : node.children()) {
      walk(child, here, found);
    }
    assertThat(node.children().stream().map(child -> child.edge()[0]))
        .as("children begin differently")
        .doesNotHaveDuplicates();
  }

  @Test
  void sharedBeginningsAreOneEdge() {
    LabelTrie trie =
        new LabelTrie(List.of(new int[] {1, 2}, new int[] {1, 3, 4}, new int[] {5}, new int[] {1}));
    assertThat(trie.root().children()).hasSize(2);
    LabelTrie.Node one = trie.root().children().getFirst();
    assertThat(one.edge()).containsExactly(1);
    assertThat(one.sequence()).isEqualTo(3);
    assertThat(one.children().stream().map(LabelTrie.Node::edge).toList())
        .containsExactly(new int[] {2}, new int[] {3, 4});
  }

  @Test
  void everySequenceIsThereOnce() {
    Random random = new Random(3);
    for (int round = 0; round < 200; round++) {
      List<int[]> sequences =
          IntStream.range(0, 1 + random.nextInt(12))
              .mapToObj(i -> random.ints(1 + random.nextInt(5), 0, 3).boxed().toList())
              .distinct()
              .map(tokens -> tokens.stream().mapToInt(Integer::intValue).toArray())
              .toList();
      Map<Integer, List<Integer>> found = sequences(new LabelTrie(sequences));
      assertThat(found).hasSize(sequences.size());
      found.forEach((i, tokens) ->
          assertThat(tokens)
              .containsExactlyElementsOf(Arrays.stream(sequences.get(i)).boxed().toList()));
    }
  }
}
