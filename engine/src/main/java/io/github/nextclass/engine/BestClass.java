package io.github.nextclass.engine;

/**
 * The class with the greatest score after a token; of equal ones the lowest.
 *
 * @param tokenId the class
 * @param score its score (logit)
 * @param probability its probability by the softmax over all classes looked at, 0 to 1. Its sum is
 *     made where the scores are, in 32 bits: good to some 1e-5
 */
public record BestClass(int tokenId, float score, double probability) {}
