package io.github.nextclass.sampling.structure;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * The tokens of a model, seen as byte strings and sorted into a trie: tokens with the same
 * beginning share the work of following it.
 *
 * <pre>
 *   tokens    "a" 7, "an" 3, "and" 9, "b" 5        node   0     1     2     3
 *                                                   byte   a     n     d     b
 *   (root) -- a -- n -- d                           depth  1     2     3     1
 *        \-- b                                      token  7     3     9     5
 *                                                   skip   3     3     3     4      the next node that is not below
 * </pre>
 *
 * <p>The nodes lie in the order in which a walk meets them, so a walk is a loop over arrays, and
 * leaving out a branch is one jump.
 *
 * <p>Build it once for a tokenizer. It remembers the masks of the constraints that were used last.
 * Thread-safe.
 */
public final class TokenTrie {
  private static final int NO_TOKEN = -1;
  private static final int MAX_REMEMBERED = 8;

  private final int tokens;
  private final byte[] pool;
  private final int[] tokenStart;
  private byte[] bytes;
  private short[] depths;
  private int[] tokenIds;
  private int[] skips;
  private int nodes;
  private int maxDepth;

  private final Map<Constraint, TokenMasks> masks =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Constraint, TokenMasks> eldest) {
          return size() > MAX_REMEMBERED;
        }
      };

  private TokenTrie(int tokens, IntFunction<byte[]> bytesOf) {
    this.tokens = tokens;
    byte[][] all = new byte[tokens][];
    tokenStart = new int[tokens + 1];
    for (int id = 0; id < tokens; id++) {
      all[id] = bytesOf.apply(id);
      if (all[id].length > Short.MAX_VALUE) {
        throw new IllegalArgumentException(
            "token "
                + id
                + " has "
                + all[id].length
                + " bytes, expected at most "
                + Short.MAX_VALUE);
      }
      tokenStart[id + 1] = Math.addExact(tokenStart[id], all[id].length);
    }
    pool = new byte[tokenStart[tokens]];
    for (int id = 0; id < tokens; id++) {
      System.arraycopy(all[id], 0, pool, tokenStart[id], all[id].length);
    }
    bytes = new byte[tokens];
    depths = new short[tokens];
    tokenIds = new int[tokens];
    int[] sorted =
        IntStream.range(0, tokens)
            .filter(id -> all[id].length > 0)
            .boxed()
            .sorted((a, b) -> Arrays.compareUnsigned(all[a], all[b]))
            .mapToInt(Integer::intValue)
            .toArray();
    byte[] previous = {};
    for (int id : sorted) {
      byte[] token = all[id];
      int common = Arrays.mismatch(previous, token);
      // Of two tokens with the same bytes, the second becomes a leaf beside the first.
      int from = common < 0 ? token.length - 1 : common;
      for (int depth = from + 1; depth <= token.length; depth++) {
        addNode(token[depth - 1], depth, depth == token.length ? id : NO_TOKEN);
      }
      previous = token;
    }
    bytes = Arrays.copyOf(bytes, nodes);
    depths = Arrays.copyOf(depths, nodes);
    tokenIds = Arrays.copyOf(tokenIds, nodes);
    skips = findSkips();
  }

  /**
   * Builds the trie.
   *
   * @param tokens how many ids there are
   * @param bytesOf the bytes of each id; none for an id that no constraint may ever allow, such as
   *     a special token. Called once for each id from 0 on
   * @return the trie
   */
  public static TokenTrie of(int tokens, IntFunction<byte[]> bytesOf) {
    return new TokenTrie(tokens, bytesOf);
  }

  /**
   * Starts a generation that a constraint rules.
   *
   * @param constraint what the tokens shall spell
   * @return a new walk, before the first token
   * @throws ConstraintException if no sequence of tokens spells a text that is allowed, because
   *     there are no tokens for some bytes
   */
  public ConstraintWalk walk(Constraint constraint) {
    TokenMasks shared;
    synchronized (masks) {
      shared = masks.computeIfAbsent(constraint, c -> new TokenMasks(this, c));
    }
    Automaton.State start = shared.start();
    if (start == null) {
      throw new ConstraintException(
          "the tokens cannot spell any text that is allowed by " + constraint);
    }
    return new ConstraintWalk(shared, start);
  }

  /** How many ids there are. */
  int tokens() {
    return tokens;
  }

  int nodes() {
    return nodes;
  }

  /** The length of the longest token. */
  int maxDepth() {
    return maxDepth;
  }

  int byteOf(int node) {
    return bytes[node] & 0xFF;
  }

  int depth(int node) {
    return depths[node];
  }

  boolean isToken(int node) {
    return tokenIds[node] != NO_TOKEN;
  }

  /** The token that ends at a node. */
  int tokenId(int node) {
    return tokenIds[node];
  }

  /** The first node behind those that are below this one. */
  int skip(int node) {
    return skips[node];
  }

  /** The bytes of a token; none if there is no such token. */
  byte[] bytesOf(int tokenId) {
    if (tokenId < 0 || tokenId >= tokens) {
      return new byte[0];
    }
    return Arrays.copyOfRange(pool, tokenStart[tokenId], tokenStart[tokenId + 1]);
  }

  /**
   * The child of a node by a byte.
   *
   * @param node the parent, or -1 for the root
   * @return the child, or -1 if there is none
   */
  int child(int node, int b) {
    int end = node < 0 ? nodes : skips[node];
    for (int child = node + 1; child < end; child = skips[child]) {
      if (byteOf(child) == b) {
        return child;
      }
    }
    return -1;
  }

  private void addNode(byte b, int depth, int tokenId) {
    if (nodes == bytes.length) {
      int capacity = Math.max(16, nodes + (nodes >> 1));
      bytes = Arrays.copyOf(bytes, capacity);
      depths = Arrays.copyOf(depths, capacity);
      tokenIds = Arrays.copyOf(tokenIds, capacity);
    }
    bytes[nodes] = b;
    depths[nodes] = (short) depth;
    tokenIds[nodes] = tokenId;
    maxDepth = Math.max(maxDepth, depth);
    nodes++;
  }

  private int[] findSkips() {
    int[] found = new int[nodes];
    int[] nextAtDepth = new int[maxDepth + 2]; // the first node behind that is not deeper
    Arrays.fill(nextAtDepth, nodes);
    for (int node = nodes - 1; node >= 0; node--) {
      int depth = depths[node];
      found[node] = nextAtDepth[depth];
      // every deeper chain that starts before this node ends here at the latest
      Arrays.fill(nextAtDepth, depth, nextAtDepth.length, node);
    }
    return found;
  }
}
