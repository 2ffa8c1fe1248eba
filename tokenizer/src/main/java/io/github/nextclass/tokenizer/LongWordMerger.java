package io.github.nextclass.tokenizer;

import java.util.Arrays;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * BPE for long words: the same merges in the same order as the plain loop, without its quadratic
 * cost. Without it, a megabyte of one letter would be an attack.
 *
 * <p>Positions whose pair has the same rank share a bucket. The lowest bucket is swept from left to
 * right; each merge puts at most two pairs into other buckets. A pair that changed meanwhile is
 * recognised by its rank and skipped. So n bytes cost at most 3n bucket entries and, where a bucket
 * was filled out of order, its sort.
 */
final class LongWordMerger {
  private static final int NO_RANK = MergeTable.NO_RANK;

  private final MergeTable merges;
  private final @Nullable Bucket[] bucketOfRank;
  private final PriorityQueue<Bucket> queue =
      new PriorityQueue<>((a, b) -> Integer.compare(a.rank, b.rank));

  /** Doubly linked list of the tokens that are left, by the index of their first byte. */
  private int[] ids = new int[0];

  private int[] next = ids;
  private int[] previous = ids;

  /** The rank of the pair that begins here; {@link #NO_RANK} also where a token was swallowed. */
  private int[] ranks = ids;

  private static final class Bucket {
    final int rank;
    final IntBuffer positions = new IntBuffer(8);

    Bucket(int rank) {
      this.rank = rank;
    }
  }

  LongWordMerger(MergeTable merges) {
    this.merges = merges;
    bucketOfRank = new Bucket[merges.size()];
  }

  /** Merges {@code count} symbols to the end and appends the tokens. */
  void merge(int[] symbols, int count, IntBuffer out) {
    prepare(symbols, count);
    for (Bucket bucket = queue.poll(); bucket != null; bucket = queue.poll()) {
      bucketOfRank[bucket.rank] = null;
      sweep(bucket, count);
    }
    for (int i = 0; i < count; i = next[i]) {
      out.add(ids[i]);
    }
  }

  private void prepare(int[] symbols, int count) {
    ids = Arrays.copyOf(symbols, count);
    next = new int[count];
    previous = new int[count];
    ranks = new int[count];
    for (int i = 0; i < count; i++) {
      next[i] = i + 1;
      previous[i] = i - 1;
    }
    for (int i = 0; i < count; i++) {
      rankAgain(i, count);
    }
  }

  private void sweep(Bucket bucket, int count) {
    IntBuffer positions = bucket.positions;
    if (!positions.isSorted()) {
      positions.sort();
    }
    int mergedId = merges.mergedId(bucket.rank);
    for (int k = 0; k < positions.size(); k++) {
      int at = positions.get(k);
      if (ranks[at] != bucket.rank) {
        continue; // merged or changed since
      }
      int swallowed = next[at];
      ids[at] = mergedId;
      next[at] = next[swallowed];
      if (next[at] < count) {
        previous[next[at]] = at;
      }
      ranks[swallowed] = NO_RANK;
      int lowest = rankAgain(at, count);
      if (previous[at] >= 0) {
        lowest = Math.min(lowest, rankAgain(previous[at], count));
      }
      if (lowest < bucket.rank) {
        // A merge table may rank a merge of long tokens before the merges that make them: then it
        // comes first.
        for (int rest = k + 1; rest < positions.size(); rest++) {
          if (ranks[positions.get(rest)] == bucket.rank) {
            enqueue(bucket.rank, positions.get(rest));
          }
        }
        return;
      }
    }
  }

  private int rankAgain(int at, int count) {
    int right = next[at];
    int rank = right < count ? merges.rank(ids[at], ids[right]) : NO_RANK;
    ranks[at] = rank;
    if (rank != NO_RANK) {
      enqueue(rank, at);
    }
    return rank;
  }

  private void enqueue(int rank, int at) {
    Bucket bucket = bucketOfRank[rank];
    if (bucket == null) {
      bucket = new Bucket(rank);
      bucketOfRank[rank] = bucket;
      queue.add(bucket);
    }
    bucket.positions.add(at);
  }
}
