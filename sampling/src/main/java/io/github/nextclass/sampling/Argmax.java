package io.github.nextclass.sampling;

/** Chooses the highest score; of equal ones that with the lowest id. */
final class Argmax implements Chooser {

  @Override
  public Chosen choose(Candidates candidates, int step) {
    float[] scores = candidates.scores();
    float max = Softmax.max(scores, candidates.count());
    int index = 0;
    while (scores[index] != max) {
      index++;
    }
    return new Chosen(index, new Choice.Best());
  }
}
