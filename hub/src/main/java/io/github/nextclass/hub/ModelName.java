package io.github.nextclass.hub;

import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The name of a model on the hub, {@code org/name}.
 *
 * @param org the organisation or user; 1 to 96 letters, digits, '-', '_' and '.', the first and the
 *     last neither '-' nor '.'; without "--" and ".."
 * @param name the name, by the same rules; it does not end in ".git"
 */
public record ModelName(String org, String name) {
  private static final Pattern PART =
      Pattern.compile("[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?");
  private static final String FOLDER_PREFIX = "models";
  private static final String FOLDER_SEPARATOR = "--";

  /**
   * Creates a name.
   *
   * @param org the organisation or user
   * @param name the name
   * @throws IllegalArgumentException if one of them breaks a rule
   */
  public ModelName {
    if (!isPart(org) || !isPart(name) || name.endsWith(".git")) {
      throw invalid(org + "/" + name);
    }
  }

  /**
   * Reads a name.
   *
   * @param text such as {@code Qwen/Qwen3-0.6B}
   * @return the name
   * @throws IllegalArgumentException if it is no name of a model
   */
  public static ModelName parse(String text) {
    int slash = text.indexOf('/');
    if (slash < 0) {
      throw invalid(text);
    }
    try {
      return new ModelName(text.substring(0, slash), text.substring(slash + 1));
    } catch (IllegalArgumentException e) {
      throw invalid(text);
    }
  }

  /**
   * Tells whether a text has the form of a name; there need not be such a model.
   *
   * @param text any text
   * @return whether {@link #parse} takes it
   */
  public static boolean isValid(String text) {
    int slash = text.indexOf('/');
    return slash >= 0
        && isPart(text.substring(0, slash))
        && isPart(text.substring(slash + 1))
        && !text.endsWith(".git");
  }

  /** The name of the model's folder in the cache. */
  String folderName() {
    return String.join(FOLDER_SEPARATOR, FOLDER_PREFIX, org, name);
  }

  /** The model whose folder in the cache has this name. */
  static Optional<ModelName> ofFolder(String folderName) {
    String[] parts = folderName.split(FOLDER_SEPARATOR, -1);
    return parts.length == 3 && parts[0].equals(FOLDER_PREFIX) && isValid(parts[1] + "/" + parts[2])
        ? Optional.of(new ModelName(parts[1], parts[2]))
        : Optional.empty();
  }

  /** Both separators of the cache's folder names would be ambiguous, and ".." leaves the folder. */
  private static boolean isPart(String part) {
    return PART.matcher(part).matches() && !part.contains(FOLDER_SEPARATOR) && !part.contains("..");
  }

  private static IllegalArgumentException invalid(String text) {
    return new IllegalArgumentException(
        "%s is no name of a model: expected org/name, such as Qwen/Qwen3-0.6B"
            .formatted(Texts.quote(text)));
  }

  /** Returns {@code org/name}. */
  @Override
  public String toString() {
    return org + "/" + name;
  }
}
