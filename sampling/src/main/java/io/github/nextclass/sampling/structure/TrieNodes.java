package io.github.nextclass.sampling.structure;

import java.util.Arrays;

/**
 * A trie of byte strings as arrays, its nodes in the order in which a walk meets them:
 *
 * <pre>
 *   tokens    "a" 7, "an" 3, "and" 9, "b" 5        node   0     1     2     3
 *                                                  byte   a     n     d     b
 *   (root) -- a -- n -- d                          depth  1     2     3     1
 *        \-- b                                     token  7     3     9     5
 *                                                  skip   3     3     3     4      the next node that is not below
 * </pre>
 *
 * <p>So a walk is a loop, and leaving out a branch is one jump.
 */
final class TrieNodes {
  static final int NO_TOKEN = -1;

  private byte[] bytes = new byte[16];
  private short[] depths = new short[16];
  private int[] tokenIds = new int[16];
  private final int[] skips;
  private int count;
  private int maxDepth;

  /**
   * Builds the trie.
   *
   * @param sorted tokens in the order of their bytes
   * @param bytesOf the bytes of each token, at most {@link Short#MAX_VALUE}
   */
  TrieNodes(int[] sorted, byte[][] bytesOf) {
    byte[] previous = {};
    for (int id : sorted) {
      byte[] token = bytesOf[id];
      int common = Arrays.mismatch(previous, token);
      // Of two tokens with the same bytes, the second becomes a leaf beside the first.
      int from = common < 0 ? token.length - 1 : common;
      for (int depth = from + 1; depth <= token.length; depth++) {
        add(token[depth - 1], depth, depth == token.length ? id : NO_TOKEN);
      }
      previous = token;
    }
    bytes = Arrays.copyOf(bytes, count);
    depths = Arrays.copyOf(depths, count);
    tokenIds = Arrays.copyOf(tokenIds, count);
    skips = findSkips();
  }

  int count() {
    return count;
  }

  int maxDepth() {
    return maxDepth;
  }

  int byteOf(int node) {
    return bytes[node] & 0xFF;
  }

  int depth(int node) {
    return depths[node];
  }

  /** The token that ends at a node, or {@link #NO_TOKEN}. */
  int tokenId(int node) {
    return tokenIds[node];
  }

  /** The first node behind those that are below this one. */
  int skip(int node) {
    return skips[node];
  }

  private void add(byte b, int depth, int tokenId) {
    if (count == bytes.length) {
      int capacity = count + (count >> 1);
      bytes = Arrays.copyOf(bytes, capacity);
      depths = Arrays.copyOf(depths, capacity);
      tokenIds = Arrays.copyOf(tokenIds, capacity);
    }
    bytes[count] = b;
    depths[count] = (short) depth;
    tokenIds[count] = tokenId;
    maxDepth = Math.max(maxDepth, depth);
    count++;
  }

  private int[] findSkips() {
    int[] found = new int[count];
    int[] nextAtDepth = new int[maxDepth + 2]; // the first node behind that is not deeper
    Arrays.fill(nextAtDepth, count);
    for (int node = count - 1; node >= 0; node--) {
      int depth = depths[node];
      found[node] = nextAtDepth[depth];
      // every deeper chain that starts before this node ends here at the latest
      Arrays.fill(nextAtDepth, depth, nextAtDepth.length, node);
    }
    return found;
  }
}
