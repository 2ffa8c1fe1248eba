package io.github.nextclass.tokenizer;

import io.github.nextclass.tokenizer.Prompt.Part;
import io.github.nextclass.tokenizer.Prompt.Source;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The pipeline from text to ids: added tokens are cut out of the raw text; each piece between them
 * is normalized, cut into words, and each word is encoded. Immutable but for the word encoder's
 * memory.
 */
final class TextEncoder {
  private final AddedTokens addedTokens;
  private final boolean nfc;
  private final int[] prefix;
  private final int[] suffix;
  private final Vocabulary vocabulary;
  private final BytePairEncoder words;

  TextEncoder(TokenizerModel model) {
    addedTokens = model.addedTokens();
    nfc = model.nfc();
    prefix = model.prefix();
    suffix = model.suffix();
    vocabulary = model.vocabulary();
    words = new BytePairEncoder(vocabulary, model.merges(), model.ignoreMerges());
  }

  int[] encode(Prompt prompt, EncodeOptions options) {
    return new Run(prompt, options, false).run().ids.toArray();
  }

  Encoding encodeWithOffsets(Prompt prompt, EncodeOptions options) {
    Run run = new Run(prompt, options, true).run();
    return new Encoding(run.ids.toArray(), run.starts.toArray(), run.ends.toArray());
  }

  /** One call. */
  private final class Run {
    private final Prompt prompt;
    private final EncodeOptions options;
    private final byte[] text;

    /** Recognised in the raw text; the rest of the text lies between. */
    private final List<AddedTokenMatcher.Match> matches;

    private final IntBuffer ids;
    private final WordMerger merger = words.newMerger();

    /**
     * For each byte of the text the char index of its code point, with the end of the text behind;
     * only for offsets.
     */
    private final int @Nullable [] charIndex;

    private final IntBuffer starts;
    private final IntBuffer ends;

    Run(Prompt prompt, EncodeOptions options, boolean offsets) {
      this.prompt = prompt;
      this.options = options;
      List<byte[]> parts = new ArrayList<>();
      for (Part part : prompt.parts()) {
        parts.add(bytes(part.text()));
      }
      text = join(parts);
      matches = findAddedTokens(parts);
      ids = new IntBuffer(text.length / 3 + prefix.length + suffix.length);
      charIndex = offsets ? charIndex() : null;
      starts = new IntBuffer(offsets ? text.length / 3 : 0);
      ends = new IntBuffer(offsets ? text.length / 3 : 0);
    }

    private byte[] bytes(String s) {
      int lone = Utf8.loneSurrogate(s);
      if (lone < 0) {
        return Utf8.encode(s);
      }
      if (options.strict()) {
        throw new IllegalArgumentException(
            "text has a lone surrogate U+%04X at char %d".formatted((int) s.charAt(lone), lone));
      }
      return Utf8.encode(Utf8.replaceLoneSurrogates(s));
    }

    private byte[] join(List<byte[]> parts) {
      if (parts.size() == 1) {
        return parts.getFirst();
      }
      ByteArrayOutputStream joined = new ByteArrayOutputStream();
      for (byte[] part : parts) {
        joined.writeBytes(part);
      }
      return joined.toByteArray();
    }

    private List<AddedTokenMatcher.Match> findAddedTokens(List<byte[]> parts) {
      List<AddedTokenMatcher.Match> found = new ArrayList<>();
      int from = 0;
      for (int i = 0; i < parts.size(); i++) {
        int to = from + parts.get(i).length;
        switch (prompt.parts().get(i).source()) {
          case TEMPLATE -> found.addAll(addedTokens.raw().findAll(text, from, to));
          case MODEL -> found.addAll(addedTokens.writtenByModel().findAll(text, from, to));
          case CONTENT -> {}
        }
        from = to;
      }
      return found;
    }

    Run run() {
      if (options.addSpecialTokens()) {
        addTemplate(prefix);
      }
      // Tokens of the normalized text could not be told apart by who wrote them once pieces span
      // parts.
      boolean oneSource = prompt.parts().stream().allMatch(p -> p.source() == Source.TEMPLATE);
      AddedTokenMatcher normalizedTokens = oneSource ? addedTokens.normalized() : null;
      int from = 0;
      for (AddedTokenMatcher.Match match : matches) {
        encodePiece(from, match.start(), normalizedTokens);
        ids.add(match.id());
        addOffsets(match.start(), match.end());
        from = match.end();
      }
      encodePiece(from, text.length, normalizedTokens);
      if (options.addSpecialTokens()) {
        addTemplate(suffix);
      }
      return this;
    }

    private void addTemplate(int[] template) {
      for (int id : template) {
        ids.add(id);
        addOffsets(0, 0);
      }
    }

    private void encodePiece(int from, int to, @Nullable AddedTokenMatcher normalizedTokens) {
      if (from >= to) {
        return;
      }
      Nfc.Result result = nfc ? Nfc.normalize(text, from, to) : null;
      if (result == null) {
        encodeNormalized(text, from, to, null, normalizedTokens);
      } else {
        encodeNormalized(result.utf8(), 0, result.utf8().length, result, normalizedTokens);
      }
    }

    private void encodeNormalized(
        byte[] piece,
        int from,
        int to,
        Nfc.@Nullable Result origin,
        @Nullable AddedTokenMatcher normalizedTokens) {
      int at = from;
      if (normalizedTokens != null) {
        for (AddedTokenMatcher.Match match : normalizedTokens.findAll(piece, from, to)) {
          encodeWords(piece, at, match.start(), origin);
          ids.add(match.id());
          addOffsets(match.start(), match.end(), origin);
          at = match.end();
        }
      }
      encodeWords(piece, at, to, origin);
    }

    private void encodeWords(byte[] piece, int from, int to, Nfc.@Nullable Result origin) {
      int at = from;
      while (at < to) {
        int end = PreTokenizer.wordEnd(piece, at, to);
        int first = ids.size();
        words.encode(piece, at, end, ids, merger);
        if (charIndex != null) {
          int start = at;
          for (int i = first; i < ids.size(); i++) {
            int tokenEnd = start + vocabulary.length(ids.get(i));
            addOffsets(start, tokenEnd, origin);
            start = tokenEnd;
          }
        }
        at = end;
      }
    }

    private void addOffsets(int from, int to, Nfc.@Nullable Result origin) {
      if (origin == null) {
        addOffsets(from, to);
      } else {
        addOffsets(origin.originStart()[from], origin.originEnd()[to - 1]);
      }
    }

    /** A byte range of the text, widened to whole characters. */
    private void addOffsets(int from, int to) {
      if (charIndex == null) {
        return;
      }
      int end = to;
      while (end < text.length && Utf8.isContinuation(text[end])) {
        end++;
      }
      starts.add(charIndex[from]);
      ends.add(charIndex[end]);
    }

    private int[] charIndex() {
      int[] index = new int[text.length + 1];
      int c = 0;
      int i = 0;
      while (i < text.length) {
        int length = Utf8.length(text[i]);
        for (int k = 0; k < length; k++) {
          index[i + k] = c;
        }
        i += length;
        c += length == 4 ? 2 : 1;
      }
      index[text.length] = c;
      return index;
    }
  }
}
