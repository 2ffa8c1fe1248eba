package io.github.nextclass.sampling.structure;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.IntFunction;

/**
 * The tokens of a model, seen as byte strings and sorted into a trie: tokens with the same
 * beginning share the work of following it.
 *
 * <p>Most tokens are {@linkplain PlainText plain text}. Where any plain text leads a constraint
 * back to where it is, as inside a string, these are allowed or not all together, and only the
 * others need be followed; they have a trie of their own.
 *
 * <p>Build it once for a tokenizer. It remembers the masks of the constraints that were used last.
 * Thread-safe.
 */
public final class TokenTrie {
  private static final int MAX_REMEMBERED = 8;

  /** Bytes of a token that fit into a long in front of its id. */
  private static final int KEY_BYTES = 4;

  private final int tokens;
  private final byte[][] bytesOf;
  private final TrieNodes nodes;
  private final TrieNodes notPlain;
  private final long[] plain;

  private final Map<Constraint, TokenMasks> masks =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Constraint, TokenMasks> eldest) {
          return size() > MAX_REMEMBERED;
        }
      };

  private TokenTrie(int tokens, IntFunction<byte[]> bytesOfId) {
    this.tokens = tokens;
    bytesOf = new byte[tokens][];
    plain = new long[(tokens + 63) / 64];
    for (int id = 0; id < tokens; id++) {
      byte[] bytes = bytesOfId.apply(id);
      if (bytes.length > Short.MAX_VALUE) {
        throw new IllegalArgumentException(
            "token " + id + " has " + bytes.length + " bytes, expected at most " + Short.MAX_VALUE);
      }
      bytesOf[id] = bytes;
      if (PlainText.matches(bytes)) {
        plain[id >> 6] |= 1L << id;
      }
    }
    int[] sorted = sorted(bytesOf);
    nodes = new TrieNodes(sorted, bytesOf);
    notPlain =
        new TrieNodes(
            Arrays.stream(sorted).filter(id -> ((plain[id >> 6] >> id) & 1) == 0).toArray(),
            bytesOf);
  }

  /**
   * The tokens that have bytes, in their order. Most are told apart by their first bytes, and longs
   * are sorted much faster than objects, above all in a JVM that has just started.
   */
  private static int[] sorted(byte[][] bytesOf) {
    long[] keys = new long[bytesOf.length];
    int count = 0;
    for (int id = 0; id < bytesOf.length; id++) {
      if (bytesOf[id].length > 0) {
        keys[count++] = (((long) firstBytes(bytesOf[id]) << Integer.SIZE) ^ Long.MIN_VALUE) | id;
      }
    }
    Arrays.sort(keys, 0, count);
    int[] sorted = new int[count];
    for (int from = 0; from < count; ) {
      int to = from;
      while (to < count && keys[to] >> Integer.SIZE == keys[from] >> Integer.SIZE) {
        sorted[to] = (int) keys[to];
        to++;
      }
      sortRange(sorted, from, to, bytesOf);
      from = to;
    }
    return sorted;
  }

  private static int firstBytes(byte[] bytes) {
    int first = 0;
    for (int i = 0; i < KEY_BYTES; i++) {
      first = (first << Byte.SIZE) | (i < bytes.length ? bytes[i] & 0xFF : 0);
    }
    return first;
  }

  private static void sortRange(int[] ids, int from, int to, byte[][] bytesOf) {
    if (to - from > 1) {
      Integer[] some = Arrays.stream(ids, from, to).boxed().toArray(Integer[]::new);
      Arrays.sort(
          some, (a, b) -> Arrays.compareUnsigned(bytesOf[a], bytesOf[b])); // stable: ids ascend
      for (int i = from; i < to; i++) {
        ids[i] = some[i - from];
      }
    }
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

  /** All tokens. */
  TrieNodes nodes() {
    return nodes;
  }

  /** The tokens that are not plain text. */
  TrieNodes notPlain() {
    return notPlain;
  }

  /** The tokens that are plain text, as bits. To be read only. */
  long[] plain() {
    return plain;
  }

  /** The bytes of a token; none if there is no such token. To be read only. */
  byte[] bytesOf(int tokenId) {
    return tokenId < 0 || tokenId >= tokens ? new byte[0] : bytesOf[tokenId];
  }

  /**
   * The child of a node by a byte.
   *
   * @param node the parent, or -1 for the root
   * @return the child, or -1 if there is none
   */
  int child(int node, int b) {
    int end = node < 0 ? nodes.count() : nodes.skip(node);
    for (int child = node + 1; child < end; child = nodes.skip(child)) {
      if (nodes.byteOf(child) == b) {
        return child;
      }
    }
    return -1;
  }

  /** Whether a token ends at a node. */
  boolean isToken(int node) {
    return nodes.tokenId(node) != TrieNodes.NO_TOKEN;
  }
}
