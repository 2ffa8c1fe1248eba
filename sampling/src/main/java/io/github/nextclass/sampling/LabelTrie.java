package io.github.nextclass.sampling;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Token sequences with their shared beginnings put together, so that each is read once.
 *
 * <pre>
 *   [so, far]                        edge [so] --+-- edge [far]         sequence 0
 *   [so, good, as, gold]      root --|           +-- edge [good, as, gold]   1
 *   [bad]                            edge [bad]                              2
 * </pre>
 */
final class LabelTrie {
  static final int NONE = -1;

  /** The end of an edge. */
  static final class Node {
    private int[] edge;
    private int sequence = NONE;
    private List<Node> children = new ArrayList<>();

    private Node(int[] edge) {
      this.edge = edge;
    }

    /** The tokens that lead here from the node before; empty only at the root. */
    int[] edge() {
      return edge;
    }

    /** The sequence that ends here, or {@link #NONE}. */
    int sequence() {
      return sequence;
    }

    List<Node> children() {
      return children;
    }
  }

  private final Node root = new Node(new int[0]);

  /**
   * Builds the trie.
   *
   * @param sequences none empty, none twice
   */
  LabelTrie(List<int[]> sequences) {
    for (int i = 0; i < sequences.size(); i++) {
      insert(sequences.get(i), i);
    }
  }

  Node root() {
    return root;
  }

  private void insert(int[] tokens, int sequence) {
    Node node = root;
    int at = 0;
    while (at < tokens.length) {
      Node child = childFor(node, tokens[at]);
      if (child == null) {
        child = new Node(Arrays.copyOfRange(tokens, at, tokens.length));
        node.children.add(child);
      }
      int length = Math.min(child.edge.length, tokens.length - at);
      int difference = Arrays.mismatch(child.edge, 0, length, tokens, at, at + length);
      int common = difference < 0 ? length : difference;
      if (common < child.edge.length) {
        split(child, common);
      }
      node = child;
      at += common;
    }
    node.sequence = sequence;
  }

  private static @Nullable Node childFor(Node node, int token) {
    for (Node child : node.children) {
      if (child.edge[0] == token) {
        return child;
      }
    }
    return null;
  }

  /** Ends the edge earlier; what was behind becomes a child. */
  private static void split(Node node, int length) {
    Node rest = new Node(Arrays.copyOfRange(node.edge, length, node.edge.length));
    rest.sequence = node.sequence;
    rest.children = node.children;
    node.edge = Arrays.copyOf(node.edge, length);
    node.sequence = NONE;
    node.children = new ArrayList<>(List.of(rest));
  }
}
