package io.github.nextclass.hub;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Models by name, from the Hugging Face Hub.
 *
 * <pre>{@code
 * try (LanguageModel model = LanguageModel.load(Hub.fetch("Qwen/Qwen3-0.6B"))) { ... }
 * }</pre>
 *
 * <p>Models are kept in the cache of Hugging Face, so those that Python has downloaded are found
 * and used, and the other way round. A download that was interrupted goes on where it stopped.
 * Every file is compared with the hub's checksum before it gets its name, so whatever has a name is
 * whole.
 *
 * <p>Thread-safe; threads and processes that want the same model at once download it once. An
 * interrupt ends a download with an {@link java.io.InterruptedIOException}. When a call returns,
 * nothing that it began still runs.
 */
public final class Hub {
  private static final System.Logger LOG = System.getLogger(Hub.class.getName());

  private Hub() {}

  /**
   * Returns the folder of a model, after downloading it if it is not there; as {@link
   * #fetch(String, HubOptions)} with {@link HubOptions#fromEnvironment()}.
   *
   * @param model a name, or a folder
   * @return the folder
   * @throws IOException as the other method
   */
  public static Path fetch(String model) throws IOException {
    return fetch(model, HubOptions.fromEnvironment());
  }

  /**
   * Returns the folder of a model, after downloading it if it is not there.
   *
   * <p>A folder of this name wins over the hub, as it does for transformers. A model that is in the
   * cache is used without asking whether the hub has a newer one: {@link #pull} asks.
   *
   * @param model a name such as {@code Qwen/Qwen3-0.6B}, or a folder
   * @param options where it comes from and where it is kept
   * @return the folder: for a name, a snapshot in the cache, which holds what it takes to run the
   *     model
   * @throws IllegalArgumentException if it is neither a folder nor a name
   * @throws HubException if the model cannot be had
   * @throws IOException if the cache cannot be read, or the thread was interrupted
   */
  public static Path fetch(String model, HubOptions options) throws IOException {
    return fetch(model, options, Machine.REAL);
  }

  static Path fetch(String model, HubOptions options, Machine machine) throws IOException {
    if (isFolder(model)) {
      return Path.of(model);
    }
    ModelName name = ModelName.parse(model);
    Optional<Path> cached = HubCache.snapshot(options.cache(), name, options.revision());
    if (cached.isPresent() && (options.offline() || RepoFolder.hasTokenizer(cached.get()))) {
      return cached.get();
    }
    try {
      return pull(name, options, machine);
    } catch (HubException e) {
      if (cached.isPresent()) { // it can be loaded, and perhaps the hub has no tokenizer either
        LOG.log(System.Logger.Level.INFO, "{0}; what is in the cache is used", e.getMessage());
        return cached.get();
      }
      throw e;
    }
  }

  /**
   * Asks the hub for the newest state of the revision, and returns its folder after downloading
   * what is missing. Folders outside of the cache do not matter.
   *
   * @param model the name
   * @param options where it comes from and where it is kept
   * @return a snapshot in the cache
   * @throws HubException if the model cannot be had
   * @throws IOException if the cache cannot be read, or the thread was interrupted
   */
  public static Path pull(ModelName model, HubOptions options) throws IOException {
    return pull(model, options, Machine.REAL);
  }

  static Path pull(ModelName model, HubOptions options, Machine machine) throws IOException {
    if (options.offline()) {
      throw new HubException(
          "%s is not in the cache %s at revision %s, and HF_HUB_OFFLINE forbids the network; unset it, or copy the model there"
              .formatted(model, options.cache(), options.revision()));
    }
    return new SnapshotDownload(model, options, machine).run();
  }

  private static boolean isFolder(String model) {
    try {
      return Files.isDirectory(Path.of(model));
    } catch (InvalidPathException e) {
      return false;
    }
  }
}
