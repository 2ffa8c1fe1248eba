package io.github.nextclass.engine;

import io.github.nextclass.engine.backend.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Cuts the tokens of several sequences into passes that are as full as possible:
 *
 * <pre>
 *   sequences   AAA BBBBBB CC          passes of 5   | AAABB | BBBBC | C |
 * </pre>
 *
 * <p>A sequence may go on in the next pass; it is in a pass at most once.
 */
final class Packing {
  /**
   * One pass.
   *
   * @param step its tokens
   * @param sequences the sequence of each segment, by number
   * @param ends whether the last token of that sequence is among those of its segment
   */
  record Pass(Step step, List<Integer> sequences, List<Boolean> ends) {
    /** The sequence that a row belongs to, by number. */
    int sequenceOf(int row) {
      int i = step.segments().size() - 1;
      while (step.segments().get(i).firstRow() > row) {
        i--;
      }
      return sequences.get(i);
    }

    /** The rows of the last tokens of sequences. */
    int[] lastRows() {
      List<Step.Segment> segments = step.segments();
      return IntStream.range(0, segments.size())
          .filter(ends::get)
          .map(i -> segments.get(i).firstRow() + segments.get(i).rowCount() - 1)
          .toArray();
    }
  }

  private final List<Session> sessions;
  private final List<int[]> tokenIds;
  private final int rowsAPass;
  private int sequence;
  private int done; // of that sequence
  private int left; // of all

  Packing(List<Session> sessions, List<int[]> tokenIds, int rowsAPass) {
    this.sessions = sessions;
    this.tokenIds = tokenIds;
    this.rowsAPass = rowsAPass;
    this.left = tokenIds.stream().mapToInt(ids -> ids.length).reduce(0, Math::addExact);
  }

  /** The tokens that are not in a pass yet. */
  int left() {
    return left;
  }

  boolean hasNext() {
    return left > 0;
  }

  /** The next pass; those before must have been made, because positions go on from them. */
  Pass next() {
    int[] ids = new int[Math.min(rowsAPass, left)];
    int[] positions = new int[ids.length];
    List<Step.Segment> segments = new ArrayList<>();
    List<Integer> sequences = new ArrayList<>();
    List<Boolean> ends = new ArrayList<>();
    int rows = 0;
    while (rows < ids.length) {
      Session session = sessions.get(sequence);
      int[] all = tokenIds.get(sequence);
      int count = Math.min(ids.length - rows, all.length - done);
      segments.add(new Step.Segment(session.cache(), rows, count, session.position()));
      sequences.add(sequence);
      for (int i = 0; i < count; i++) {
        ids[rows] = all[done + i];
        positions[rows++] = session.position() + i;
      }
      done += count;
      ends.add(done == all.length);
      if (done == all.length) {
        sequence++;
        done = 0;
      }
    }
    left -= rows;
    return new Pass(new Step(ids, positions, segments), sequences, ends);
  }
}
