package io.github.nextclass.sampling.structure;

import java.util.function.Consumer;

/**
 * How characters become bytes. A set of characters becomes sequences of byte ranges: {@code {lo1,
 * hi1, lo2, hi2, ...}} stands for every sequence with one byte of each range.
 *
 * <pre>
 *   U+0000..U+10FFFF, plain    00..7F | C2..DF 80..BF | E0 A0..BF 80..BF | E1..EC 80..BF 80..BF | ...
 *   U+000A, in a JSON string   '\' 'n'
 * </pre>
 */
interface TextForm {

  void forEach(CodePointSet set, Consumer<int[]> sequences);

  /** UTF-8. */
  TextForm PLAIN = Utf8Ranges::forEach;

  /**
   * The inside of a JSON string (RFC 8259), in one spelling for each character: quote, backslash
   * and control characters escaped, in two characters where that is possible, all else as it is. So
   * no half surrogate pair can be written.
   */
  TextForm JSON_STRING = JsonStringRanges::forEach;
}
