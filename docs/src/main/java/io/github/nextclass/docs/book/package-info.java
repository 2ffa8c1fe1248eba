/**
 * The book's own transformer and tokenizer: plain loops over arrays, written to be read beside the
 * chapters and never to be fast. Tests hold them equal to the library. Start in {@link
 * io.github.nextclass.docs.book.PlainQwen3}.
 */
@NullMarked
package io.github.nextclass.docs.book;

import org.jspecify.annotations.NullMarked;
