package io.github.nextclass.engine;

import io.github.nextclass.engine.backend.Backend;
import io.github.nextclass.engine.backend.Step;
import io.github.nextclass.safetensors.SafetensorsException;
import io.github.nextclass.safetensors.TensorSource;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Takes sequences through the transformer: one pass at a time, whoever asks.
 *
 * <pre>
 *   tokens of sequences -- Packing --> passes -- Qwen3.body --> vectors -- Head --> results to a visitor
 * </pre>
 *
 * <p>Thread-safe; the sessions of a call are the caller's, entered before.
 */
final class Passes {
  /** Which tokens of each sequence go through a head. */
  enum Wanted {
    LAST,
    ALL
  }

  private final Qwen3Config config;
  private final TensorSource tensors;
  private final Backend backend;
  private final Qwen3 transformer;
  private final int mostTokens;

  /** Held for a pass, and to close. Fair, so that sessions on many threads take turns. */
  private final ReentrantLock lock = new ReentrantLock(true);

  private @Nullable Activations activations;
  private volatile boolean closed;

  /** Passes over a model, each of at most so many tokens. */
  Passes(LoadedCheckpoint model, int mostTokens) {
    this.config = model.config();
    this.tensors = model.tensors();
    this.backend = model.backend();
    this.transformer = new Qwen3(config, model.weights(), backend);
    this.mostTokens = mostTokens;
  }

  int mostTokens() {
    return mostTokens;
  }

  /**
   * Appends tokens to sequences; no head where nothing is asked, and no probe where nobody looks.
   */
  void run(
      List<Session> batch,
      List<int[]> tokenIds,
      Wanted wanted,
      @Nullable Head head,
      BatchVisitor visitor,
      @Nullable AttentionProbe probe) {
    for (int i = 0; i < batch.size(); i++) {
      checkTokens(batch.get(i), tokenIds.get(i), 0);
    }
    Packing packing = new Packing(batch, tokenIds, mostTokens);
    int all = packing.left();
    while (packing.hasNext()) {
      if (Thread.currentThread().isInterrupted()) {
        throw new CancellationException(
            "interrupted after " + (all - packing.left()) + " of " + all + " tokens");
      }
      Packing.Pass next = packing.next();
      Step step = next.step();
      pass(
          step.tokens(),
          a -> {
            a.probe = probe;
            transformer.body(step, a);
            if (head != null) {
              ask(head, next, wanted, a, visitor);
            }
            backend.finishPass();
          });
      List<Step.Segment> segments = step.segments();
      for (int i = 0; i < segments.size(); i++) {
        batch.get(next.sequences().get(i)).advance(segments.get(i).rowCount());
      }
    }
  }

  /** What a head makes of the tokens wanted; a few at a time, because logits are large. */
  private void ask(
      Head head, Packing.Pass made, Wanted wanted, Activations a, BatchVisitor visitor) {
    Step step = made.step();
    int[] rows =
        wanted == Wanted.ALL ? IntStream.range(0, step.tokens()).toArray() : made.lastRows();
    for (int from = 0; from < rows.length; from += a.logitRows) {
      int[] some = Arrays.copyOfRange(rows, from, Math.min(from + a.logitRows, rows.length));
      float[][] results = head.apply(transformer, backend, some, a);
      for (int i = 0; i < some.length; i++) {
        visitor.accept(made.sequenceOf(some[i]), step.positions()[some[i]], results[i]);
      }
    }
  }

  /**
   * Some steps of greedy decoding without a look at what they choose; then all of it is read.
   *
   * @param last the token of each sequence to begin with
   * @param steps at most {@link Activations#CHOSEN_COLUMNS}
   * @param classes of how many the best is chosen
   * @return what was chosen {@code [sequences][steps]}
   */
  BestClass[][] choose(List<Session> batch, int[] last, int steps, LmHead head, int classes) {
    BestClass[][] chosen = new BestClass[batch.size()][];
    pass(
        batch.size(),
        a -> {
          a.probe = null;
          for (int i = 0; i < steps; i++) {
            Step step = oneToken(batch, last);
            if (i == 0) {
              transformer.body(step, a);
            } else {
              transformer.bodyOfChosen(step, a);
            }
            for (int from = 0; from < batch.size(); from += a.logitRows) {
              int to = Math.min(from + a.logitRows, batch.size());
              int[] rows = IntStream.range(from, to).toArray();
              head.choose(transformer, backend, classes, rows, step, a);
            }
            backend.finishPass();
            batch.forEach(session -> session.advance(1));
          }
          for (int row = 0; row < chosen.length; row++) {
            int first = batch.get(row).position() - steps + 1;
            chosen[row] = chosen(backend.read(a.chosen(), row), first, steps);
          }
        });
    return chosen;
  }

  private static BestClass[] chosen(float[] ring, int first, int steps) {
    BestClass[] best = new BestClass[steps];
    for (int i = 0; i < steps; i++) {
      int at = (first + i) % Activations.CHOSEN_COLUMNS;
      int tokenId = (int) ring[at];
      if (tokenId < 0) {
        throw new ArithmeticException(
            "a score after position " + (first + i - 1) + " is not a number");
      }
      float score = ring[Activations.CHOSEN_COLUMNS + at];
      best[i] = new BestClass(tokenId, score, 1.0 / ring[2 * Activations.CHOSEN_COLUMNS + at]);
    }
    return best;
  }

  private static Step oneToken(List<Session> batch, int[] tokenIds) {
    int[] positions = batch.stream().mapToInt(Session::position).toArray();
    return new Step(
        tokenIds,
        positions,
        IntStream.range(0, positions.length)
            .mapToObj(i -> new Step.Segment(batch.get(i).cache(), i, 1, positions[i]))
            .toList());
  }

  /** Runs with the model to itself, and buffers for so many tokens. */
  private void pass(int tokens, Consumer<Activations> action) {
    lock.lock();
    try {
      checkOpen();
      requireWholeWeights();
      action.accept(activations(tokens));
    } finally {
      lock.unlock();
    }
  }

  /**
   * Buffers for at least so many rows: few for those who only decode, a full chunk once there is a
   * long prompt.
   */
  private Activations activations(int tokens) {
    if (activations == null || activations.rows < tokens) {
      activations = null; // before the new ones are made
      int few = Math.min(mostTokens, backend.mostHeadRows());
      activations = new Activations(config, backend, tokens <= few ? few : mostTokens);
    }
    return activations;
  }

  /** A truncated file that is mapped would end the JVM where it is read. */
  private void requireWholeWeights() {
    try {
      tensors.requireWhole();
    } catch (SafetensorsException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** There must be tokens, all of them classes, and room for them and some more. */
  void checkTokens(Session session, int[] tokenIds, int more) {
    if (tokenIds.length == 0) {
      throw new IllegalArgumentException("no tokens: the class of nothing cannot be asked for");
    }
    config.checkTokenIds(tokenIds);
    int tokens = Math.addExact(tokenIds.length, more);
    if (tokens > session.capacity() - session.position()) {
      throw new IllegalArgumentException(
          "context is full: "
              + session.position()
              + " tokens and "
              + tokens
              + " more exceed the session's capacity of "
              + session.capacity());
    }
  }

  void checkOpen() {
    if (closed) {
      throw new IllegalStateException("model is closed");
    }
  }

  /** Waits for the pass that is running; there is none afterwards. The first call frees. */
  void close(Runnable free) {
    lock.lock();
    try {
      if (!closed) {
        closed = true;
        free.run();
        activations = null;
      }
    } finally {
      lock.unlock();
    }
  }
}
