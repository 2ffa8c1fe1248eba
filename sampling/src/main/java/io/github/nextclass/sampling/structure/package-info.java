/**
 * Enforced structure: at each step, which classes may be chosen so that the text becomes one of a
 * set. Knows bytes and tokens, no scores and no tensors.
 *
 * <p>Users meet {@link io.github.nextclass.sampling.structure.Constraint} through {@code Decoding}.
 *
 * <pre>
 *   choice, regex, JSON schema
 *     RegexParser, JsonSchemaCompiler      read the text, or say what is wrong with it
 *     CodePointNfa                         automata over characters; intersection
 *     GrammarBuilder, TextForm             characters to bytes: UTF-8, or escaped for JSON
 *   Grammar                                rules over bytes that call each other
 *     Costs                                how far it is to the end, in tokens
 *     Automaton                            deterministic, made as it is used
 *   TokenTrie, TokenMasks                  tokens, grouped by their bytes, run through the automaton
 *   ConstraintWalk                         one generation on its way
 * </pre>
 *
 * <p>Readers begin at {@code Grammar}, then {@code Automaton}, then {@code TokenMasks}.
 */
package io.github.nextclass.sampling.structure;
