package io.github.nextclass.tokenizer;

/**
 * What every kind of tokenizer file comes down to.
 *
 * @param nfc whether text is normalized
 * @param ignoreMerges whether a word that is a token is taken without looking at the merges
 * @param postProcessing what is done with the ids and offsets of a text
 */
record TokenizerModel(
    Vocabulary vocabulary,
    MergeTable merges,
    AddedTokens addedTokens,
    boolean nfc,
    boolean ignoreMerges,
    PostProcessing postProcessing) {}
