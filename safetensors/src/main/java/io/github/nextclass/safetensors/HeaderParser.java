package io.github.nextclass.safetensors;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonToken;

/**
 * JSON to {@link Header}. The grammar, in which any order and unknown keys within a tensor are
 * allowed as in the Rust reference:
 *
 * <pre>
 *   {"__metadata__": {"key": "text", ...},
 *    "name": {"dtype": "BF16", "shape": [2, 3], "data_offsets": [0, 12]}, ...}
 * </pre>
 */
final class HeaderParser {
  private final Path file;
  private final StrictJson json;
  private final int maxTensors;

  private final List<TensorInfo> tensors = new ArrayList<>();
  private Map<String, String> metadata = Map.of();

  private HeaderParser(Path file, StrictJson json, int maxTensors) {
    this.file = file;
    this.json = json;
    this.maxTensors = maxTensors;
  }

  /**
   * Parses and checks a header, in time linear in its length but for one sort.
   *
   * @param utf8 the JSON, without the prefix
   * @param dataBytes size of the file behind the JSON
   */
  static Header parse(Path file, byte[] utf8, long dataBytes, int maxTensors)
      throws SafetensorsException {
    try (StrictJson json = StrictJson.open(file, utf8)) {
      HeaderParser parser = new HeaderParser(file, json, maxTensors);
      parser.readRoot();
      return Header.checked(file, parser.tensors, parser.metadata, dataBytes);
    }
  }

  private void readRoot() throws SafetensorsException {
    for (String name = json.nextName(); name != null; name = json.nextName()) {
      if (name.equals(Header.METADATA_KEY)) {
        readMetadata();
      } else {
        if (tensors.size() == maxTensors) {
          throw json.failure(
              "found more than %d tensors, the limit given to Safetensors.open"
                  .formatted(maxTensors));
        }
        json.about(name);
        tensors.add(readTensor(name));
        json.about(null);
      }
    }
    json.expectEnd();
  }

  private void readMetadata() throws SafetensorsException {
    JsonToken token = json.next();
    if (token == JsonToken.VALUE_NULL) {
      return;
    }
    json.requireObject(Header.METADATA_KEY);
    Map<String, String> entries = new LinkedHashMap<>();
    for (String key = json.nextName(); key != null; key = json.nextName()) {
      entries.put(
          key,
          json.expectString(
              "the value of %s in %s"
                  .formatted(SafetensorsException.quote(key), Header.METADATA_KEY)));
    }
    metadata = Collections.unmodifiableMap(entries);
  }

  private TensorInfo readTensor(String name) throws SafetensorsException {
    json.expectObject("the entry");
    @Nullable DType dtype = null;
    long @Nullable [] shape = null;
    long @Nullable [] offsets = null;
    for (String key = json.nextName(); key != null; key = json.nextName()) {
      switch (key) {
        case "dtype" -> dtype = readDType();
        case "shape" -> shape = readLongs(key, Extent.MAX_RANK);
        case "data_offsets" -> offsets = readLongs(key, 2);
        default -> json.skipValue();
      }
    }
    if (dtype == null || shape == null || offsets == null) {
      throw json.failure(
          "missing %s, expected dtype, shape and data_offsets"
              .formatted(dtype == null ? "dtype" : shape == null ? "shape" : "data_offsets"));
    }
    if (offsets.length != 2) {
      throw json.failure(
          "data_offsets must hold 2 numbers, begin and end, found %d".formatted(offsets.length));
    }
    return TensorInfo.checked(file, name, dtype, shape, offsets[0], offsets[1]);
  }

  private DType readDType() throws SafetensorsException {
    String name = json.expectString("dtype");
    return DType.ofName(name)
        .orElseThrow(() ->
            json.failure(
                "unknown dtype %s, expected one of %s"
                    .formatted(SafetensorsException.quote(name), DType.knownNames())));
  }

  private long[] readLongs(String what, int maxLength) throws SafetensorsException {
    json.expectArray(what);
    long[] values = new long[Math.min(maxLength, 8)];
    int length = 0;
    while (json.next() != JsonToken.END_ARRAY) {
      if (length == maxLength) {
        throw json.failure("%s must hold at most %d numbers".formatted(what, maxLength));
      }
      if (length == values.length) {
        values = Arrays.copyOf(values, 2 * length);
      }
      values[length] = json.currentNonNegativeLong(what, length);
      length++;
    }
    return Arrays.copyOf(values, length);
  }
}
