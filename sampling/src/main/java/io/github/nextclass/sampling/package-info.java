/**
 * Text generation as what it is: sequence classification, repeated. Each step classifies the prefix
 * into one of as many classes as there are tokens, a decoding rule picks a class, its token is
 * appended, and the question is asked again.
 *
 * <p>Start reading at {@link io.github.nextclass.sampling.Decoder}, which is that loop. It knows a
 * {@link io.github.nextclass.sampling.TokenClassifier} and nothing of transformers or tokenizers.
 * The filters between the scores and the choice stand each beside its equation, in the order of
 * {@code LogitsFilters}; a step that was made is a {@link io.github.nextclass.sampling.Prediction}.
 */
package io.github.nextclass.sampling;
