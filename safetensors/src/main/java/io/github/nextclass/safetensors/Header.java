package io.github.nextclass.safetensors;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * The checked header of one file.
 *
 * <pre>
 *   0        8                    8 + n                                  end of file
 *   | n: u64 | JSON of n bytes    | tensor | tensor | tensor | ...       |
 *                                 ^ 0: data_offsets count from here
 * </pre>
 *
 * @param tensors in the order of their data
 * @param metadata the text under {@code __metadata__}
 */
record Header(List<TensorInfo> tensors, Map<String, String> metadata) {
  /** The limit of the Rust reference. */
  static final int MAX_BYTES = 100_000_000;

  /** The largest Qwen3 (235B, experts one by one) has 36,945 tensors. */
  static final int DEFAULT_MAX_TENSORS = 200_000;

  /** Bytes before the JSON: its length as a little-endian unsigned 64-bit number. */
  static final int PREFIX_BYTES = 8;

  static final String METADATA_KEY = "__metadata__";

  /**
   * Puts the tensors in the order of their data and checks that they cover the data section without
   * hole, overlap or rest. Sorted, each needs to be compared with its neighbour only.
   *
   * @param dataBytes size of the data section: the file without prefix and JSON
   */
  static Header checked(
      Path file, List<TensorInfo> unsorted, Map<String, String> metadata, long dataBytes)
      throws SafetensorsException {
    List<TensorInfo> tensors = new ArrayList<>(unsorted);
    // The end matters too: an empty tensor stands before the one that begins at the same offset.
    tensors.sort(Comparator.comparingLong(TensorInfo::begin).thenComparingLong(TensorInfo::end));
    long covered = 0;
    for (TensorInfo tensor : tensors) {
      if (tensor.begin() != covered) {
        throw SafetensorsException.of(file, tensor.name(), describeGap(tensor, covered));
      }
      covered = tensor.end();
      if (covered > dataBytes) {
        throw SafetensorsException.of(
            file,
            tensor.name(),
            "data is cut off: found %d bytes of tensor data in the file, expected at least %d"
                .formatted(dataBytes, covered));
      }
    }
    if (covered != dataBytes) {
      throw SafetensorsException.of(
          file,
          "found %d trailing bytes after the last tensor, expected the file to end with it"
              .formatted(dataBytes - covered));
    }
    return new Header(List.copyOf(tensors), metadata);
  }

  private static String describeGap(TensorInfo tensor, long covered) {
    String what;
    if (tensor.begin() < covered) {
      what = "overlaps the tensor before it";
    } else {
      what = covered == 0 ? "the first tensor must begin at offset 0" : "hole before the tensor";
    }
    return "%s: found data_offsets [%d, %d], expected begin %d"
        .formatted(what, tensor.begin(), tensor.end(), covered);
  }
}
