package io.github.nextclass.sampling;

import io.github.nextclass.engine.BestClass;
import io.github.nextclass.engine.Engine;
import io.github.nextclass.engine.LmHead;
import io.github.nextclass.engine.Pooler;
import io.github.nextclass.engine.Session;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A session of the engine, seen as a classifier of prefixes into tokens. */
final class SessionClassifier implements VectorClassifier, GreedyAhead.Model {
  private final Engine engine;
  private final Session session;
  private final int classes;

  /**
   * Wraps a session.
   *
   * @param engine the model
   * @param session holds the prefix
   * @param classes how many of the rows of its LM head are classes; those behind are padding
   */
  SessionClassifier(Engine engine, Session session, int classes) {
    this.engine = engine;
    this.session = session;
    this.classes = classes;
  }

  @Override
  public int classes() {
    return classes;
  }

  @Override
  public int position() {
    return session.position();
  }

  @Override
  public int capacity() {
    return session.capacity();
  }

  /** Passes as large as the engine makes them, where a piece takes only milliseconds. */
  @Override
  public int pieceLength() {
    return engine.runsAhead() ? engine.prefillChunk() : VectorClassifier.super.pieceLength();
  }

  @Override
  public float[] classify(int... tokenIds) {
    return session.forward(tokenIds);
  }

  @Override
  public void read(int... tokenIds) {
    session.append(tokenIds);
  }

  @Override
  public boolean runsAhead() {
    return engine.runsAhead();
  }

  @Override
  public List<ClassScore> best(int[] tokenIds, int steps) {
    return Arrays.stream(session.best(tokenIds, steps, classes))
        .map(SessionClassifier::unfiltered)
        .toList();
  }

  private static ClassScore unfiltered(BestClass best) {
    return new ClassScore(
        best.tokenId(), best.score(), best.probability(), best.score(), best.probability());
  }

  @Override
  public float[][] classifyEach(int... tokenIds) {
    List<float[]> scores = new ArrayList<>(tokenIds.length);
    session.forward(tokenIds, (position, logits) -> scores.add(logits));
    return scores.toArray(new float[0][]);
  }

  @Override
  public float[][] classifyTogether(List<? extends BranchingClassifier> batch, int... tokenIds) {
    return engine.forwardTogether(sessions(batch), tokenIds);
  }

  private List<Session> sessions(List<? extends BranchingClassifier> batch) {
    List<Session> sessions = new ArrayList<>(batch.size());
    for (BranchingClassifier branch : batch) {
      if (!(branch instanceof SessionClassifier other) || other.engine != engine) {
        throw new IllegalArgumentException("the branches are not of one model");
      }
      sessions.add(other.session);
    }
    return sessions;
  }

  @Override
  public float[][] readVectors(int... tokenIds) {
    List<float[]> vectors = new ArrayList<>(tokenIds.length);
    engine.forwardTogether(
        List.of(session),
        List.of(tokenIds),
        vectorHead(),
        (sequence, position, vector) -> vectors.add(vector));
    return vectors.toArray(new float[0][]);
  }

  /** The vector of each token stands behind the scores of its classes. */
  @Override
  public List<Answer> answerTogether(List<? extends BranchingClassifier> batch, int... tokenIds) {
    LmHead scores = engine.lmHead();
    float[][] joined =
        engine.forwardTogether(
            sessions(batch),
            Arrays.stream(tokenIds).mapToObj(id -> new int[] {id}).toList(),
            engine.joined(scores, vectorHead()));
    return Arrays.stream(joined)
        .map(row -> new Answer(row, Arrays.copyOfRange(row, scores.size(), row.length)))
        .toList();
  }

  private Pooler vectorHead() {
    return engine.pooler(engine.config().hiddenSize());
  }

  @Override
  public void adopt(BranchingClassifier branch) {
    session.adopt(sessions(List.of(branch)).getFirst());
  }

  @Override
  public void truncate(int length) {
    session.truncate(length);
  }

  @Override
  public BranchingClassifier fork() {
    return new SessionClassifier(engine, session.fork(), classes);
  }

  @Override
  public void close() {
    session.close();
  }
}
