/**
 * Text generation as what it is: sequence classification, repeated. Each step classifies the prefix
 * into one of as many classes as there are tokens, a decoding rule picks a class, its token is
 * appended, and the question is asked again.
 *
 * <p>Users begin at {@link io.github.nextclass.sampling.LanguageModel}: text in, text out, streams
 * and chats.
 *
 * <p>Readers begin at {@link io.github.nextclass.sampling.Decoder}, which is the loop. It knows a
 * {@link io.github.nextclass.sampling.TokenClassifier} and nothing of transformers or tokenizers;
 * only {@code LanguageModel}, {@code Chat} and the adapters {@code SessionClassifier} and {@code
 * TokenizerText} do. The filters between the scores and the choice stand each beside its equation,
 * in the order of {@code LogitsFilters}; a step that was made is a {@link
 * io.github.nextclass.sampling.Prediction}.
 */
package io.github.nextclass.sampling;
