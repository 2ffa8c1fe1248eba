package io.github.nextclass.sampling;

import io.github.nextclass.engine.Engine;
import io.github.nextclass.engine.Session;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads many prompts at once: as many at a time as fill a pass, because a pass reads the weights
 * once whatever it holds. Beginnings that all prompts share, such as instructions and examples, are
 * read once.
 *
 * <pre>
 *   [ Labels: good, bad  Text: ] [ The soup was cold.  Label: ]
 *                                [ I will come back!   Label: ]
 *   shared: read once            unread: what the reader gets, beside a session for each
 * </pre>
 */
final class PromptBatches {
  /** Takes some of the prompts. */
  @FunctionalInterface
  interface Reader {
    /**
     * Reads the rest of some prompts.
     *
     * @param first the number of the first of them
     * @param sessions one for each, closed afterwards
     * @param unread what each session has to read yet, at least one token
     */
    void read(int first, List<Session> sessions, List<int[]> unread);
  }

  private PromptBatches() {}

  /**
   * Hands all prompts to a reader, in order.
   *
   * @param room tokens that may be appended to each prompt
   */
  static void forEach(Engine engine, List<int[]> prompts, int room, Reader reader) {
    int shared = prompts.size() < 2 ? 0 : sharedLength(prompts);
    int longest = prompts.stream().mapToInt(ids -> ids.length).max().orElse(0);
    try (Session beginning = shared == 0 ? null : engine.newSession(longest + room)) {
      if (beginning != null) {
        beginning.append(Arrays.copyOf(prompts.getFirst(), shared));
      }
      for (int first = 0; first < prompts.size(); ) {
        int end = endOfGroup(prompts, first, shared, engine.prefillChunk());
        readGroup(engine, beginning, prompts.subList(first, end), first, room, reader);
        first = end;
      }
    }
  }

  /** As many as fit into a pass, but at least one. */
  private static int endOfGroup(List<int[]> prompts, int first, int shared, int passTokens) {
    int end = first;
    long tokens = 0;
    while (end < prompts.size()) {
      tokens += prompts.get(end).length - shared;
      if (tokens > passTokens && end > first) {
        break;
      }
      end++;
    }
    return end;
  }

  private static void readGroup(
      Engine engine,
      @Nullable Session beginning,
      List<int[]> prompts,
      int first,
      int room,
      Reader reader) {
    List<Session> sessions = new ArrayList<>();
    List<int[]> unread = new ArrayList<>();
    try {
      for (int[] prompt : prompts) {
        Session session =
            beginning == null ? engine.newSession(prompt.length + room) : beginning.fork();
        sessions.add(session);
        unread.add(Arrays.copyOfRange(prompt, session.position(), prompt.length));
      }
      reader.read(first, sessions, unread);
    } finally {
      sessions.forEach(Session::close);
    }
  }

  /** Of each prompt at least one token is left. */
  private static int sharedLength(List<int[]> prompts) {
    int[] one = prompts.getFirst();
    int shared = one.length - 1;
    for (int[] prompt : prompts) {
      int limit = Math.min(shared, prompt.length - 1);
      int difference = Arrays.mismatch(one, 0, limit, prompt, 0, limit);
      shared = difference < 0 ? limit : difference;
    }
    return shared;
  }
}
