package io.github.nextclass.sampling;

/**
 * A document and how well it answers a query.
 *
 * @param index which of the documents, from 0
 * @param document its text
 * @param score the probability of "yes, it does", 0 to 1
 */
public record RankedDocument(int index, String document, double score) {}
