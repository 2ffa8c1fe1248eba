package io.github.nextclass.sampling;

import io.github.nextclass.engine.Session;

/** A session of the engine, seen as a classifier of prefixes into tokens. */
final class SessionClassifier implements TokenClassifier {
  private final Session session;
  private final int classes;

  /**
   * Wraps a session.
   *
   * @param session holds the prefix
   * @param classes how many of the rows of its LM head are classes; those behind are padding
   */
  SessionClassifier(Session session, int classes) {
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
}
