package io.github.nextclass.sampling.structure;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.IntFunction;

/**
 * The tokens of a model, seen as byte strings and sorted into a trie: tokens with the same
 * beginning share the work of following it.
 *
 * <p>Most tokens are {@linkplain PlainText plain text}. Where one plain character is as good as any
 * other, as inside a string, those of the same length are allowed or not all together, and only the
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
  private final int[][] plainOfLength;

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
    int[] lengths = new int[tokens];
    for (int id = 0; id < tokens; id++) {
      byte[] bytes = bytesOfId.apply(id);
      if (bytes.length > Short.MAX_VALUE) {
        throw new IllegalArgumentException(
            "token " + id + " has " + bytes.length + " bytes, expected at most " + Short.MAX_VALUE);
      }
      bytesOf[id] = bytes;
      lengths[id] = PlainText.length(bytes);
      if (lengths[id] > 0) {
        plain[id >> 6] |= 1L << id;
      }
    }
    plainOfLength = idsByLength(lengths);
    int[] sorted = sorted(bytesOf);
    nodes = new TrieNodes(sorted, bytesOf);
    notPlain =
        new TrieNodes(
            Arrays.stream(sorted).filter(id -> ((plain[id >> 6] >> id) & 1) == 0).toArray(),
            bytesOf);
  }

  private static int[][] idsByLength(int[] lengths) {
    int[] counts = new int[Arrays.stream(lengths).max().orElse(0) + 1];
    for (int length : lengths) {
      counts[length]++;
    }
    counts[0] = 0; // these are not plain
    int[][] ids = Arrays.stream(counts).mapToObj(int[]::new).toArray(int[][]::new);
    for (int id = lengths.length - 1; id >= 0; id--) {
      if (lengths[id] > 0) {
        ids[lengths[id]][--counts[lengths[id]]] = id;
      }
    }
    return ids;
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

  /** How many characters the longest plain token has. */
  int maxPlainLength() {
    return plainOfLength.length - 1;
  }

  /** The plain tokens of so many characters. To be read only. */
  int[] plainOfLength(int length) {
    return plainOfLength[length];
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
