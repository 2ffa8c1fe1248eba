package io.github.nextclass.sampling;

import io.github.nextclass.engine.Engine;
import io.github.nextclass.engine.Session;
import java.util.ArrayList;
import java.util.List;

/** A session of the engine, seen as a classifier of prefixes into tokens. */
final class SessionClassifier implements BranchingClassifier {
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

  @Override
  public float[] classify(int... tokenIds) {
    return session.forward(tokenIds);
  }

  @Override
  public void read(int... tokenIds) {
    session.append(tokenIds);
  }

  @Override
  public float[][] classifyEach(int... tokenIds) {
    List<float[]> scores = new ArrayList<>(tokenIds.length);
    session.forward(tokenIds, (position, logits) -> scores.add(logits));
    return scores.toArray(new float[0][]);
  }

  @Override
  public float[][] classifyTogether(List<? extends BranchingClassifier> batch, int... tokenIds) {
    List<Session> sessions = new ArrayList<>(batch.size());
    for (BranchingClassifier branch : batch) {
      if (!(branch instanceof SessionClassifier other) || other.engine != engine) {
        throw new IllegalArgumentException("the branches are not of one model");
      }
      sessions.add(other.session);
    }
    return engine.forwardTogether(sessions, tokenIds);
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
