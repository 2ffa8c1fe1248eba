package io.github.nextclass.sampling;

/**
 * How one label fared.
 *
 * @param label the label
 * @param probability how probable it is, 0 to 1; for a regression head the score itself
 * @param score what the probability was made from: a logit, or a log-probability in nats; only
 *     differences between scores of one classification mean something
 */
public record LabelScore(String label, double probability, double score) {}
