package io.github.nextclass.sampling.structure;

/**
 * The tokens that may come next.
 *
 * @param bits bit {@code id % 64} of element {@code id / 64} says whether token {@code id} may come
 * @param worstCost how many tokens it takes to the end after the worst of them
 */
record Mask(long[] bits, int worstCost) {}
