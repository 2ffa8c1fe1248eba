package io.github.nextclass.hub;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * What names the content of a file, in hexadecimal: SHA-256 of large files, which the hub keeps in
 * LFS, and git's SHA-1 of the others, which begins with {@code "blob " + size + NUL}.
 */
final class Checksum {
  private static final Pattern SHA_256 = Pattern.compile("[0-9a-f]{64}");
  private static final Pattern SHA_1 = Pattern.compile("[0-9a-f]{40}");
  private static final int BUFFER_BYTES = 1 << 20;

  private Checksum() {}

  static boolean isSha256(String text) {
    return SHA_256.matcher(text).matches();
  }

  static boolean isSha1(String text) {
    return SHA_1.matcher(text).matches();
  }

  /** The checksum of a file's first bytes, of the kind that the expected one is. */
  static String of(FileChannel file, long sizeBytes, String expected) throws IOException {
    MessageDigest digest = digest(isSha256(expected) ? "SHA-256" : "SHA-1");
    if (!isSha256(expected)) {
      digest.update(("blob " + sizeBytes + "\0").getBytes(StandardCharsets.ISO_8859_1));
    }
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
    for (long position = 0; position < sizeBytes; ) {
      buffer.clear().limit((int) Math.min(BUFFER_BYTES, sizeBytes - position));
      int read = file.read(buffer, position);
      if (read < 0) {
        break; // somebody else has cut it: the sum will be wrong
      }
      digest.update(buffer.flip());
      position += read;
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static MessageDigest digest(String algorithm) {
    try {
      return MessageDigest.getInstance(algorithm);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has it", e);
    }
  }
}
