package io.github.nextclass.sampling;

import io.github.nextclass.engine.Engine;
import io.github.nextclass.engine.LmHead;
import io.github.nextclass.engine.Session;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;

/**
 * How likely each of some continuations is after a prompt. The prompt is read once.
 *
 * <p>Continuations of one token each are classes of one step: only their rows of the LM head are
 * computed, and the scores are logits, which are log-probabilities up to a number that is the same
 * for all of them. Longer ones are sequences of steps:
 *
 * <pre>
 *   log p(continuation | prompt) = sum over i of log p(token i | prompt, tokens 0 .. i - 1)
 * </pre>
 *
 * <p>They are read along a trie, many branches of many prompts in a pass; where two part, the
 * session is forked.
 */
final class ContinuationScorer {
  /** Forks that live at once: each may hold a block of keys and values of its own. */
  private static final int BRANCHES_AT_ONCE = 32;

  private final Engine engine;
  private final List<int[]> continuations;
  private final LmHead head;
  private final boolean single;
  private final LabelTrie trie;
  private final int room;

  /**
   * Prepares.
   *
   * @param continuations none empty, none twice
   */
  ContinuationScorer(Engine engine, List<int[]> continuations) {
    this.engine = engine;
    this.continuations = List.copyOf(continuations);
    this.single = continuations.stream().allMatch(tokens -> tokens.length == 1);
    this.head =
        single
            ? engine.lmHead(continuations.stream().mapToInt(tokens -> tokens[0]).toArray())
            : engine.lmHead();
    this.trie = new LabelTrie(continuations);
    this.room = single ? 0 : longest() - 1; // nothing is asked after the last token
  }

  /** The most tokens of a continuation. */
  int longest() {
    return continuations.stream().mapToInt(tokens -> tokens.length).max().orElseThrow();
  }

  /**
   * Scores.
   *
   * @param prompts none empty
   * @return for each prompt the score of each continuation
   */
  double[][] score(List<int[]> prompts) {
    double[][] scores = new double[prompts.size()][continuations.size()];
    PromptBatches.forEach(
        engine,
        prompts,
        room,
        (first, sessions, unread) -> {
          float[][] logits = engine.forwardTogether(sessions, unread, head);
          if (single) {
            for (int i = 0; i < logits.length; i++) {
              LogProbability.requireNumbers(logits[i], sessions.get(i).position());
              float[] of = logits[i];
              Arrays.setAll(scores[first + i], label -> of[label]);
            }
          } else {
            new Walk(scores, first).run(sessions, logits);
          }
        });
    return scores;
  }

  /**
   * An edge that is still to be read.
   *
   * @param prompt whose
   * @param node its end
   * @param session has read everything before the edge
   * @param last whether nobody needs that session after this edge
   * @param logProbability of everything up to the edge's first token
   */
  private record Branch(
      int prompt, LabelTrie.Node node, Session session, boolean last, double logProbability) {
    /** All tokens of an inner edge; of a leaf's all but the last, after which nothing is asked. */
    int[] read() {
      int[] edge = node.edge();
      return node.children().isEmpty() ? Arrays.copyOf(edge, edge.length - 1) : edge;
    }
  }

  /** Goes through the trie for some prompts, depth first. */
  private final class Walk {
    private final double[][] scores;
    private final int firstPrompt;
    private final Deque<Branch> waiting = new ArrayDeque<>();
    private final List<Session> forks = new ArrayList<>();
    private final LogProbability logProbability = new LogProbability();

    Walk(double[][] scores, int firstPrompt) {
      this.scores = scores;
      this.firstPrompt = firstPrompt;
    }

    void run(List<Session> sessions, float[][] logits) {
      try {
        for (int i = 0; i < sessions.size(); i++) {
          branch(firstPrompt + i, trie.root(), sessions.get(i), logits[i], 0);
        }
        while (!waiting.isEmpty()) {
          readSome();
        }
      } finally {
        forks.forEach(Session::close);
      }
    }

    /** Notes the edges that leave a node, whose end a session has reached. */
    private void branch(
        int prompt, LabelTrie.Node node, Session session, float[] logits, double before) {
      logProbability.measure(logits, session.position());
      List<Branch> branches = new ArrayList<>();
      for (LabelTrie.Node child : node.children()) {
        double sum = before + logProbability.of(child.edge()[0]);
        Branch branch = new Branch(prompt, child, session, false, sum);
        if (branch.read().length == 0) {
          scores[prompt][child.sequence()] = sum;
        } else {
          branches.add(branch);
        }
      }
      for (int i = 0; i < branches.size(); i++) { // pushed last, popped first
        Branch b = branches.get(i);
        waiting.push(new Branch(prompt, b.node(), session, i == 0, b.logProbability()));
      }
      if (branches.isEmpty()) {
        session.close();
      }
    }

    private void readSome() {
      List<Branch> branches = new ArrayList<>();
      List<Session> sessions = new ArrayList<>();
      while (!waiting.isEmpty() && branches.size() < BRANCHES_AT_ONCE) {
        Branch branch = waiting.pop();
        branches.add(branch);
        sessions.add(branch.last() ? branch.session() : fork(branch.session()));
      }
      double[] sums = branches.stream().mapToDouble(Branch::logProbability).toArray();
      int[] seen = new int[branches.size()];
      float[][] atEnd = new float[branches.size()][];
      engine.forwardTogether(
          sessions,
          branches.stream().map(Branch::read).toList(),
          head,
          (i, position, logits) -> {
            int[] edge = branches.get(i).node().edge();
            int next = ++seen[i];
            if (next < edge.length) {
              logProbability.measure(logits, position);
              sums[i] += logProbability.of(edge[next]);
            } else {
              atEnd[i] = logits;
            }
          });
      for (int i = 0; i < sums.length; i++) {
        Branch branch = branches.get(i);
        if (branch.node().sequence() != LabelTrie.NONE) {
          scores[branch.prompt()][branch.node().sequence()] = sums[i];
        }
        if (branch.node().children().isEmpty()) {
          sessions.get(i).close();
        } else {
          branch(branch.prompt(), branch.node(), sessions.get(i), atEnd[i], sums[i]);
        }
      }
    }

    private Session fork(Session session) {
      Session fork = session.fork();
      forks.add(fork);
      return fork;
    }
  }
}
