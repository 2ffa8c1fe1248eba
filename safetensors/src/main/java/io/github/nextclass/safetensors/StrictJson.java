package io.github.nextclass.safetensors;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.json.JsonFactory;

/**
 * Pull parser over JSON of unknown origin: UTF-8 only, no duplicate keys, bounded depth, names and
 * strings, and every failure a {@link SafetensorsException} with file, tensor and offset.
 */
final class StrictJson implements AutoCloseable {
  static final int MAX_DEPTH = 8;

  /** Longer than any name in use, short enough that a file of such names is refused at once. */
  static final int MAX_NAME_LENGTH = 32_768;

  /** Trainers store whole configurations in one value of __metadata__. */
  static final int MAX_STRING_LENGTH = 16 << 20;

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_DEPTH)
                  .maxNameLength(MAX_NAME_LENGTH)
                  .maxStringLength(MAX_STRING_LENGTH)
                  .maxNumberLength(100)
                  .build())
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          // Nearly every name occurs once: a symbol table would only grow, and it fails when many
          // names collide.
          .disable(TokenStreamFactory.Feature.CANONICALIZE_PROPERTY_NAMES)
          .build();

  private final Path file;
  private final JsonParser parser;

  /** What is being read, for messages: a tensor name, or null outside of tensors. */
  private @Nullable String tensor;

  private StrictJson(Path file, JsonParser parser) {
    this.file = file;
    this.parser = parser;
  }

  /** Opens a document whose root must be an object, and steps into it. */
  static StrictJson open(Path file, byte[] utf8) throws SafetensorsException {
    checkEncoding(file, utf8);
    checkBeginsWithBrace(file, utf8);
    StrictJson json = new StrictJson(file, FACTORY.createParser(ObjectReadContext.empty(), utf8));
    json.next();
    return json;
  }

  /** NUL is refused here because Jackson takes bytes with NULs for UTF-16 or UTF-32. */
  private static void checkEncoding(Path file, byte[] utf8) throws SafetensorsException {
    for (int i = 0; i < utf8.length; i++) {
      if (utf8[i] == 0) {
        throw SafetensorsException.of(
            file, "invalid JSON: found a NUL byte at offset " + i + ", expected UTF-8 text");
      }
    }
    CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
    ByteBuffer in = ByteBuffer.wrap(utf8);
    CharBuffer scratch = CharBuffer.allocate(8192);
    CoderResult result;
    do {
      result = decoder.decode(in, scratch.clear(), true);
    } while (result.isOverflow());
    if (result.isError()) {
      throw SafetensorsException.of(
          file,
          "JSON is not UTF-8: found byte 0x%02x at offset %d"
              .formatted(utf8[in.position()], in.position()));
    }
  }

  private static void checkBeginsWithBrace(Path file, byte[] utf8) throws SafetensorsException {
    int i = 0;
    while (i < utf8.length
        && (utf8[i] == ' ' || utf8[i] == '\t' || utf8[i] == '\n' || utf8[i] == '\r')) {
      i++;
    }
    if (i == utf8.length) {
      throw SafetensorsException.of(
          file, "invalid JSON at offset %d: found the end, expected '{'".formatted(i));
    }
    if (utf8[i] != '{') {
      throw SafetensorsException.of(
          file,
          "invalid JSON at offset %d: found byte 0x%02x, object expected ('{')"
              .formatted(i, utf8[i]));
    }
  }

  /** Names the tensor that messages are about from here on. */
  void about(@Nullable String tensorName) {
    this.tensor = tensorName;
  }

  /** Advances to the next token; the end of the document is null. */
  @Nullable JsonToken next() throws SafetensorsException {
    try {
      return parser.nextToken();
    } catch (JacksonException e) {
      throw convert(e);
    }
  }

  /**
   * Advances to the next name within an object.
   *
   * @return the name, or null at the end of the object
   */
  @Nullable String nextName() throws SafetensorsException {
    if (next() == JsonToken.END_OBJECT) {
      return null;
    }
    String name = checkedText();
    if (name.length() > MAX_NAME_LENGTH) {
      throw failure(
          "found a name of %d characters, expected at most %d"
              .formatted(name.length(), MAX_NAME_LENGTH));
    }
    return name;
  }

  /** Advances over a value that nobody needs. */
  void skipValue() throws SafetensorsException {
    next();
    try {
      parser.skipChildren();
    } catch (JacksonException e) {
      throw convert(e);
    }
  }

  void expectObject(String what) throws SafetensorsException {
    next();
    requireObject(what);
  }

  /** Checks that the current token begins an object. */
  void requireObject(String what) throws SafetensorsException {
    if (parser.currentToken() != JsonToken.START_OBJECT) {
      throw failure(what + " must be an object, found " + describeToken());
    }
  }

  void expectArray(String what) throws SafetensorsException {
    if (next() != JsonToken.START_ARRAY) {
      throw failure(what + " must be an array, found " + describeToken());
    }
  }

  String expectString(String what) throws SafetensorsException {
    if (next() != JsonToken.VALUE_STRING) {
      throw failure(what + " must be a string, found " + describeToken());
    }
    return checkedText();
  }

  /**
   * The current token as an integer of 0 to 2^63 - 1, written as one: neither 2.0 nor 1e3 nor -0.
   */
  long currentNonNegativeLong(String what, int index) throws SafetensorsException {
    try {
      if (parser.currentToken() == JsonToken.VALUE_NUMBER_INT
          && parser.getString().charAt(0) != '-'
          && (parser.getNumberType() == JsonParser.NumberType.INT
              || parser.getNumberType() == JsonParser.NumberType.LONG)) {
        return parser.getLongValue();
      }
    } catch (JacksonException e) {
      throw convert(e);
    }
    throw failure(
        "%s[%d] must be a non-negative integer of at most 2^63 - 1, found %s"
            .formatted(what, index, describeToken()));
  }

  /** Checks that nothing but white space follows the root object. */
  void expectEnd() throws SafetensorsException {
    if (next() != null) {
      throw failure("found %s after the JSON object, expected its end".formatted(describeToken()));
    }
  }

  SafetensorsException failure(String problem) {
    return SafetensorsException.of(file, tensor, problem);
  }

  /** An escape can spell half of a surrogate pair, which no UTF-8 text and no other reader has. */
  private String checkedText() throws SafetensorsException {
    String text;
    try {
      text = parser.getString();
    } catch (JacksonException e) {
      throw convert(e);
    }
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isSurrogate(c)) {
        if (Character.isLowSurrogate(c)
            || i + 1 == text.length()
            || !Character.isLowSurrogate(text.charAt(i + 1))) {
          throw failure(
              "invalid JSON: found the lone surrogate \\u%04x in a string, expected a pair"
                  .formatted((int) c));
        }
        i++;
      }
    }
    return text;
  }

  private String describeToken() throws SafetensorsException {
    JsonToken token = parser.currentToken();
    if (token == null) {
      return "the end";
    }
    return switch (token) {
      case START_OBJECT, END_OBJECT -> "an object";
      case START_ARRAY, END_ARRAY -> "an array";
      case VALUE_STRING -> "the string " + SafetensorsException.quote(checkedText());
      case PROPERTY_NAME -> "the name " + SafetensorsException.quote(checkedText());
      default -> {
        try {
          yield parser.getString();
        } catch (JacksonException e) {
          throw convert(e);
        }
      }
    };
  }

  private SafetensorsException convert(JacksonException e) {
    SafetensorsException failure;
    if (e instanceof StreamConstraintsException
        && parser.streamReadContext().getNestingDepth() >= MAX_DEPTH) {
      failure = failure("invalid JSON: found nesting deeper than " + MAX_DEPTH);
    } else {
      String where =
          e.getLocation() == null ? "" : " at character " + e.getLocation().getCharOffset();
      // Without where the value began, which Jackson writes with the names of its own switches.
      String what =
          e.getOriginalMessage().replaceAll(" \\((start marker|for \\w+ starting) at .*\\]\\)", "");
      failure = failure("invalid JSON" + where + ": " + SafetensorsException.plain(what));
    }
    failure.initCause(e);
    return failure;
  }

  @Override
  public void close() {
    parser.close();
  }
}
