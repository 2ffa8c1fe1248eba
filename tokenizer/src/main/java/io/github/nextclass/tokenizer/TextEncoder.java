package io.github.nextclass.tokenizer;

import io.github.nextclass.tokenizer.Prompt.Part;
import io.github.nextclass.tokenizer.Prompt.Source;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The pipeline from text to ids: added tokens are cut out of the raw text; each piece between them
 * is normalized, cut into words, and each word is encoded. Immutable but for the word encoder's
 * memory.
 */
final class TextEncoder {
  private final AddedTokens addedTokens;
  private final boolean nfc;
  private final PostProcessing postProcessing;
  private final Vocabulary vocabulary;
  private final BytePairEncoder words;

  TextEncoder(TokenizerModel model) {
    addedTokens = model.addedTokens();
    nfc = model.nfc();
    postProcessing = model.postProcessing();
    vocabulary = model.vocabulary();
    words = new BytePairEncoder(vocabulary, model.merges(), model.ignoreMerges());
  }

  int[] encode(Prompt prompt, EncodeOptions options) {
    return new Run(prompt, options, false).run().ids.toArray();
  }

  Encoding encodeWithOffsets(Prompt prompt, EncodeOptions options) {
    Run run = new Run(prompt, options, true).run();
    return Objects.requireNonNull(run.offsets).encoding(run.ids);
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

    /** If offsets are asked for. */
    private final @Nullable OffsetRecorder offsets;

    Run(Prompt prompt, EncodeOptions options, boolean offsets) {
      this.prompt = prompt;
      this.options = options;
      List<byte[]> parts = new ArrayList<>();
      for (Part part : prompt.parts()) {
        parts.add(bytes(part.text()));
      }
      text = join(parts);
      matches = findAddedTokens(parts);
      ids = new IntBuffer(text.length / 3);
      this.offsets = offsets ? new OffsetRecorder(text, postProcessing.trims()) : null;
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
        addTemplate(postProcessing.prefix());
      }
      // Tokens of the normalized text could not be told apart by who wrote them once pieces span
      // parts.
      boolean oneSource = prompt.parts().stream().allMatch(p -> p.source() == Source.TEMPLATE);
      AddedTokenMatcher normalizedTokens = oneSource ? addedTokens.normalized() : null;
      int from = 0;
      for (AddedTokenMatcher.Match match : matches) {
        encodePiece(from, match.start(), normalizedTokens);
        ids.add(match.id());
        if (offsets != null) {
          offsets.addMatch(text, match.start(), match.end(), null);
        }
        from = match.end();
      }
      encodePiece(from, text.length, normalizedTokens);
      if (options.addSpecialTokens()) {
        addTemplate(postProcessing.suffix());
      }
      return this;
    }

    private void addTemplate(int[] template) {
      for (int id : template) {
        ids.add(id);
        if (offsets != null) {
          offsets.addEmpty();
        }
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
          if (offsets != null) {
            offsets.addMatch(piece, match.start(), match.end(), origin);
          }
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
        if (offsets != null) {
          int start = at;
          for (int i = first; i < ids.size(); i++) {
            int tokenEnd = start + vocabulary.length(ids.get(i));
            offsets.addToken(piece, start, tokenEnd, origin);
            start = tokenEnd;
          }
        }
        at = end;
      }
    }
  }
}
