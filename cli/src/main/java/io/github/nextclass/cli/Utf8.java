package io.github.nextclass.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Text that users give, which must be UTF-8: a wrong byte is an error, and not a wrong answer. */
final class Utf8 {
  private static final String BYTE_ORDER_MARK = "\uFEFF";

  private Utf8() {}

  /** The text of a file, without a byte order mark at its beginning. */
  static String read(Path file) throws IOException {
    if (Files.isDirectory(file)) {
      throw new FileSystemException(file.toString(), null, "expected a file, found a folder");
    }
    String text = decode(file.toString(), Files.readAllBytes(file));
    return text.startsWith(BYTE_ORDER_MARK) ? text.substring(1) : text;
  }

  /**
   * Decodes.
   *
   * @param name what the bytes are of, for the message
   */
  static String decode(String name, byte[] bytes) throws IOException {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    CharBuffer out = CharBuffer.allocate(bytes.length);
    CoderResult result = StandardCharsets.UTF_8.newDecoder().decode(in, out, true);
    if (result.isError()) {
      throw new IOException(
          "%s: expected text in UTF-8, found the byte 0x%02X at offset %d"
              .formatted(name, in.get(in.position()), in.position()));
    }
    return out.flip().toString();
  }
}
