package io.github.nextclass.docs.samples;

import io.github.nextclass.docs.book.PlainBpe;
import io.github.nextclass.tokenizer.StreamingDecoder;
import io.github.nextclass.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;

/** The samples of chapter 1. */
final class IdsSamples {
  private static final Path folder = Path.of("models/storyteller");

  private IdsSamples() {}

  static void encode() throws IOException {
    // @start region=encode
    Tokenizer tokenizer = Tokenizer.load(Path.of("models/storyteller"));
    int[] ids = tokenizer.encode("Who's that Pokemon!?!?");
    System.out.println(Arrays.toString(ids));
    for (int id : ids) {
      System.out.print("[" + tokenizer.decode(new int[] {id}) + "]");
    }
    System.out.println("\n" + tokenizer.decode(ids));
    // @end
  }

  static void merges() throws IOException {
    // @start region=merges
    PlainBpe bpe = new PlainBpe(folder);
    System.out.println(bpe.encode(" whispered", pieces -> System.out.println(pieces)));
    // @end
  }

  static void bytes() throws IOException {
    Tokenizer tokenizer = Tokenizer.load(folder);
    // @start region=bytes
    StreamingDecoder decoder = tokenizer.newStreamingDecoder();
    for (int id : tokenizer.encode("Hi 🦊!")) {
      System.out.printf("%4d  \"%s\"%n", id, decoder.append(id));
    }
    // @end
  }

  static void controlTokens() throws IOException {
    Tokenizer tokenizer = Tokenizer.load(folder);
    // @start region=controlTokens
    System.out.println(Arrays.toString(tokenizer.encode("<|im_end|>")));
    System.out.println(Arrays.toString(tokenizer.encodeOrdinary("<|im_end|>")));
    // @end
  }
}
