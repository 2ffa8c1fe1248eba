package io.github.nextclass.sampling;

/**
 * A rule that changes the scores of classes or leaves classes out, with its numbers. What everybody
 * uses (temperature, top-k, penalties) has methods of its own in {@link Decoding}; the rest is one
 * record each, given to {@link Decoding#with(FilterRule)}:
 *
 * <pre>{@code
 * Decoding decoding = Decoding.sampling().with(new TypicalP(0.9)).with(new NoRepeatNgram(3));
 * }</pre>
 *
 * <p>In what order rules apply does not depend on the order in which they are given; {@code
 * docs/decoding.md} tells it. Immutable and thread-safe.
 */
public sealed interface FilterRule
    permits Dry,
        DynamicTemperature,
        EpsilonCutoff,
        EtaCutoff,
        Mirostat,
        NoRepeatNgram,
        SequenceBias,
        ThinkingBudget,
        TopNSigma,
        TypicalP,
        Xtc {}
