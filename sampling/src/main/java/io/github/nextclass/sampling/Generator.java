package io.github.nextclass.sampling;

import io.github.nextclass.engine.Engine;
import io.github.nextclass.engine.Session;
import java.util.ConcurrentModificationException;
import java.util.List;
import java.util.stream.Stream;

/**
 * Generates with a model: gives each generation a session, and each kind of decoding what finds its
 * sequences. Thread-safe.
 */
final class Generator {
  private static final System.Logger LOG = System.getLogger(Generator.class.getName());

  private final Engine engine;
  private final ModelText text;
  private final int contextLength;
  private final int[] eosTokenIds;

  /**
   * Creates one for a model.
   *
   * @param engine gives scores
   * @param text gives text
   * @param contextLength the longest sequence
   * @param eosTokenIds of settings that name none
   */
  Generator(Engine engine, ModelText text, int contextLength, int[] eosTokenIds) {
    this.engine = engine;
    this.text = text;
    this.contextLength = contextLength;
    this.eosTokenIds = eosTokenIds;
  }

  /** One continuation. */
  Generation generate(
      int[] prompt, Decoding decoding, GenerationListener listener, Cancellation cancellation) {
    try (Session session = newSession(prompt.length, decoding)) {
      return generate(session, prompt, decoding, listener, cancellation);
    }
  }

  /** One continuation, whatever strategy finds it, of a prompt that the session may have begun. */
  Generation generate(
      Session session,
      int[] prompt,
      Decoding decoding,
      GenerationListener listener,
      Cancellation cancellation) {
    if (decoding.settings().beams().isEmpty()) {
      return decoder(session, prompt, decoding, cancellation).run(listener);
    }
    Decoding one = withEos(decoding.numReturnSequences(1));
    Generation best = search(session, prompt, one, listener, cancellation).getFirst();
    best.predictions().forEach(listener::onPrediction);
    if (!best.text().isEmpty()) {
      listener.onText(best.text());
    }
    return best;
  }

  /** As many continuations as asked for. */
  List<Generation> generateAll(int[] prompt, Decoding decoding, Cancellation cancellation) {
    try (Session session = newSession(prompt.length, decoding)) {
      return generateAll(session, prompt, decoding, cancellation);
    }
  }

  private List<Generation> generateAll(
      Session session, int[] prompt, Decoding decoding, Cancellation cancellation) {
    Decoding own = withEos(decoding);
    if (own.settings().beams().isEmpty() && own.settings().numReturnSequences() == 1) {
      Decoder decoder = decoder(session, prompt, own, cancellation);
      return List.of(decoder.run(GenerationListener.none()));
    }
    return search(session, prompt, own, GenerationListener.none(), cancellation);
  }

  private List<Generation> search(
      Session session,
      int[] prompt,
      Decoding own,
      GenerationListener listener,
      Cancellation cancellation) {
    GenerationClock clock =
        new GenerationClock(own.settings().deadline, cancellation, System::nanoTime);
    BranchingClassifier root = classifier(session, own);
    return own.settings().beams().isPresent()
        ? BeamSearcher.run(root, prompt, own, text::detokenizer, clock, listener)
        : ParallelSamples.run(root, prompt, own, text::detokenizer, clock);
  }

  /** One continuation, whose every step is made when it is pulled. */
  Stream<GenerationStep> stream(int[] prompt, Decoding decoding) {
    Session session = newSession(prompt.length, decoding);
    try {
      return decoder(session, prompt, decoding, new Cancellation()).stream()
          .peek(step -> {
            if (step.finishReason() != null) {
              session.close();
            }
          })
          .onClose(() -> closeUnlessReading(session));
    } catch (RuntimeException | Error e) {
      session.close();
      throw e;
    }
  }

  private Decoder decoder(
      Session session, int[] prompt, Decoding decoding, Cancellation cancellation) {
    Decoding own = withEos(decoding);
    return new Decoder(classifier(session, own), prompt, own, text.detokenizer(), cancellation);
  }

  private SessionClassifier classifier(Session session, Decoding decoding) {
    int classes = decoding.settings().maskPadding() ? text.classes() : engine.config().vocabSize();
    return new SessionClassifier(engine, session, classes);
  }

  private Decoding withEos(Decoding decoding) {
    return decoding.settings().eosTokenIds().length > 0
        ? decoding
        : decoding.eosTokenIds(eosTokenIds);
  }

  /** Reserves no more than the generation can use. */
  private Session newSession(int promptLength, Decoding decoding) {
    long longest = (long) promptLength + decoding.settings().maxNewTokens().orElse(contextLength);
    return engine.newSession((int) Math.min(longest, contextLength));
  }

  /**
   * A step that another thread is making notices that its stream is closed, and ends the session
   * itself.
   */
  private static void closeUnlessReading(Session session) {
    try {
      session.close();
    } catch (ConcurrentModificationException e) {
      LOG.log(System.Logger.Level.DEBUG, "stream closed during a step", e);
    }
  }
}
