package io.github.nextclass.tokenizer;

/**
 * What every kind of tokenizer file comes down to.
 *
 * @param nfc whether text is normalized
 * @param ignoreMerges whether a word that is a token is taken without looking at the merges
 * @param prefix ids that {@code addSpecialTokens} puts before the text
 * @param suffix ids that it puts behind
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record TokenizerModel(
    Vocabulary vocabulary,
    MergeTable merges,
    AddedTokens addedTokens,
    boolean nfc,
    boolean ignoreMerges,
    int[] prefix,
    int[] suffix) {}
