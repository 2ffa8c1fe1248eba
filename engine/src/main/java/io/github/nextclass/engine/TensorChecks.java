package io.github.nextclass.engine;

import io.github.nextclass.safetensors.DType;
import io.github.nextclass.safetensors.SafetensorsException;
import io.github.nextclass.safetensors.Tensor;
import io.github.nextclass.safetensors.TensorSource;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Finds tensors by name, and notes what is missing or wrong, so that one message can tell of all of
 * it.
 */
final class TensorChecks {
  private static final System.Logger LOG = System.getLogger(TensorChecks.class.getName());
  private static final int NAMES_IN_MESSAGE = 10;

  private final TensorSource tensors;
  private final Set<String> used = new HashSet<>();
  private final List<String> missing = new ArrayList<>();
  private final List<String> wrong = new ArrayList<>();

  TensorChecks(TensorSource tensors) {
    this.tensors = tensors;
  }

  /** A tensor; null, and noted, where it is missing or has another shape or type. */
  @Nullable Tensor find(String name, List<DType> dtypes, int... shape) throws SafetensorsException {
    used.add(name);
    if (!tensors.contains(name)) {
      missing.add(name);
      return null;
    }
    Tensor tensor = tensors.tensor(name);
    long[] expected = Arrays.stream(shape).asLongStream().toArray();
    if (!Arrays.equals(tensor.shape(), expected)) {
      wrong(
          name
              + " has shape "
              + Arrays.toString(tensor.shape())
              + ", config.json says "
              + Arrays.toString(expected));
      return null;
    }
    if (!dtypes.contains(tensor.dtype())) {
      wrong(
          "dtype "
              + tensor.dtype()
              + " of "
              + name
              + " is not supported for Qwen3, expected "
              + dtypes.stream()
                  .map(DType::name)
                  .collect(Collectors.joining(", "))
                  .replaceFirst(", (\\w+)$", " or $1"));
      return null;
    }
    return tensor;
  }

  /** Says that a tensor may be there and is not needed. */
  void ignore(String name) {
    used.add(name);
  }

  /** Notes a problem, in a sentence that names the tensor. */
  void wrong(String problem) {
    wrong.add(problem);
  }

  /** Throws if anything was noted, and warns of tensors that nobody asked for. */
  void report(Path folder) throws ModelFormatException {
    if (!wrong.isEmpty()) {
      throw new ModelFormatException(folder + ": weights do not fit config.json: " + some(wrong));
    }
    if (!missing.isEmpty()) {
      throw new ModelFormatException(
          folder + ": lacks " + tensors(missing.size()) + ": " + some(missing));
    }
    List<String> extra =
        tensors.names().stream().filter(name -> !used.contains(name)).sorted().toList();
    if (!extra.isEmpty()) {
      LOG.log(
          System.Logger.Level.WARNING,
          "{0}: has {1} that Qwen3 does not use: {2}",
          folder,
          tensors(extra.size()),
          some(extra));
    }
  }

  private static String tensors(int count) {
    return count == 1 ? "1 tensor" : count + " tensors";
  }

  private static String some(List<String> items) {
    String text = String.join("; ", items.subList(0, Math.min(NAMES_IN_MESSAGE, items.size())));
    return items.size() > NAMES_IN_MESSAGE
        ? text + "; and " + (items.size() - NAMES_IN_MESSAGE) + " more"
        : text;
  }
}
