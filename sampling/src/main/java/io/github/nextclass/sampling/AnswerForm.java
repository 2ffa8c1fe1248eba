package io.github.nextclass.sampling;

/**
 * What the text of an answer may consist of.
 *
 * @param inThought whether the prompt began a thought already, so that the answer begins within it
 * @param withCalls whether tools were offered; otherwise what looks like a call is text
 */
record AnswerForm(boolean inThought, boolean withCalls) {}
