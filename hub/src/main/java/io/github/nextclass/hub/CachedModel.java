package io.github.nextclass.hub;

import java.nio.file.Path;
import java.util.Map;

/**
 * A model in the cache.
 *
 * @param name its name
 * @param folder its folder, {@code models--org--name}
 * @param revisions branches and tags, each with its commit
 * @param sizeBytes what its files take, each counted once
 * @param incompleteBytes what unfinished downloads take on top, as far as they came
 * @param complete whether a revision can be loaded
 */
public record CachedModel(
    ModelName name,
    Path folder,
    Map<String, String> revisions,
    long sizeBytes,
    long incompleteBytes,
    boolean complete) {
  /**
   * Creates a description.
   *
   * @param name its name
   * @param folder its folder
   * @param revisions branches and tags
   * @param sizeBytes the size
   * @param incompleteBytes the size of what is not whole
   * @param complete whether it can be loaded
   */
  public CachedModel {
    revisions = Map.copyOf(revisions);
  }
}
