package io.github.nextclass.sampling;

/**
 * How likely a token of a given text was, after those before it.
 *
 * @param position its position, from 0
 * @param tokenId the token
 * @param logProbability the logarithm of its probability, in nats; at most 0
 */
public record TokenScore(int position, int tokenId, double logProbability) {}
