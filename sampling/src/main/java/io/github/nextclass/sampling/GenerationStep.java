package io.github.nextclass.sampling;

import org.jspecify.annotations.Nullable;

/**
 * What one turn of the decoding loop gives out.
 *
 * @param prediction the classification that was made; null if the generation ended before another
 *     one
 * @param text the text that became final with this step. It is empty while a character is
 *     incomplete or a stop string may still be completing
 * @param finishReason why this is the last step; null if it is not
 */
public record GenerationStep(
    @Nullable Prediction prediction, String text, @Nullable FinishReason finishReason) {}
