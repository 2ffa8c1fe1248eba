/**
 * Text to token ids and back, exactly as Hugging Face tokenizers does it for Qwen; and the chat
 * template.
 *
 * <p>Depends on jackson-core for small JSON, and on nothing else of this project: it knows no
 * tensors.
 *
 * <p>Where to start reading: {@link io.github.nextclass.tokenizer.Tokenizer} is what users see,
 * {@code TextEncoder} the path of a text:
 *
 * <pre>
 *   text     "I'm &lt;|im_end|&gt; cafe\u0301"
 *     AddedTokenMatcher   cuts out added tokens           "I'm "  [151645]  " cafe\u0301"
 *     Nfc                 normalizes the rest             "I'm "            " caf\u00e9"
 *     PreTokenizer        cuts into words                 "I" "'m" " "      " caf\u00e9"
 *     BytePairEncoder     words to ids, by WordMerger     40  2776  220     51950
 *   ids      40 2776 220 151645 51950
 * </pre>
 *
 * <p>Back: {@code Tokenizer.decode}, {@link io.github.nextclass.tokenizer.StreamingDecoder}, {@code
 * Utf8}. Files: {@code TokenizerLoader} chooses a reader, the reader fills a {@code ModelBuilder}.
 * Tables: {@code Vocabulary}, {@code MergeTable}. Unicode: {@code CharClasses} and {@code Nfc} over
 * {@code UnicodeTables}, which a script makes. Conversations: {@link
 * io.github.nextclass.tokenizer.ChatTemplate} renders {@link
 * io.github.nextclass.tokenizer.Message}s to a {@link io.github.nextclass.tokenizer.Prompt}.
 */
package io.github.nextclass.tokenizer;
