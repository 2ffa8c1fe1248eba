package io.github.nextclass.hub;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What is in a cache, whoever put it there. Nothing here uses the network. */
public final class HubCache {
  private final Path folder;

  /**
   * Looks at a cache.
   *
   * @param folder such as {@link HubOptions#cache()}; it need not exist
   */
  public HubCache(Path folder) {
    this.folder = folder;
  }

  /**
   * Returns the models.
   *
   * @return sorted by name; what is no model, such as a dataset, is left out
   * @throws IOException if the cache cannot be read
   */
  public List<CachedModel> models() throws IOException {
    List<CachedModel> models = new ArrayList<>();
    if (Files.isDirectory(folder)) {
      try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder, "models--*")) {
        for (Path entry : entries) {
          Optional<ModelName> name = ModelName.ofFolder(entry.getFileName().toString());
          if (name.isPresent() && Files.isDirectory(entry)) {
            models.add(describe(name.get(), entry));
          }
        }
      }
    }
    models.sort(Comparator.comparing(model -> model.name().toString()));
    return models;
  }

  /**
   * Finds a model that can be loaded.
   *
   * @param model its name
   * @param revision a branch, a tag or a commit
   * @return its snapshot
   * @throws IOException if the cache cannot be read
   */
  public Optional<Path> find(ModelName model, String revision) throws IOException {
    RepoFolder.checkRevision(revision);
    return snapshot(folder, model, revision);
  }

  static Optional<Path> snapshot(Path cache, ModelName model, String revision) throws IOException {
    RepoFolder repo = new RepoFolder(cache, model, Machine.REAL);
    Optional<Path> snapshot = repo.commit(revision).map(repo::snapshot);
    return snapshot.isPresent() && RepoFolder.hasWeights(snapshot.get())
        ? snapshot
        : Optional.empty();
  }

  /**
   * Removes a model with all its revisions. Who has it open goes on, on systems where a file can be
   * removed while it is open.
   *
   * @param model its name
   * @return what became free, in bytes
   * @throws HubException if the model is not there, or somebody is downloading it
   * @throws IOException if a file cannot be removed
   */
  public long remove(ModelName model) throws IOException {
    RepoFolder repo = new RepoFolder(folder, model, Machine.REAL);
    if (!Files.isDirectory(repo.path())) {
      throw new HubException(
          "%s is not in the cache %s; 'nextclass models' lists what is".formatted(model, folder));
    }
    CachedModel description = describe(model, repo.path());
    List<ProcessLock> locks = new ArrayList<>();
    try {
      for (Path file : lockFiles(repo)) {
        locks.add(
            ProcessLock.tryAcquire(file)
                .orElseThrow(() ->
                    new HubException(
                        "%s is being downloaded by another process or thread; end that first"
                            .formatted(model))));
      }
      // Before the blobs, so that nobody finds a snapshot that is only half there.
      deleteTree(repo.path().resolve("refs"));
      deleteTree(repo.path().resolve("snapshots"));
      deleteTree(repo.path());
    } finally {
      locks.forEach(ProcessLock::close);
    }
    return description.sizeBytes() + description.incompleteBytes();
  }

  private static List<Path> lockFiles(RepoFolder repo) throws IOException {
    if (!Files.isDirectory(repo.locks())) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(repo.locks())) {
      return files.filter(Files::isRegularFile).toList();
    }
  }

  /** Links are removed, not followed. */
  private static void deleteTree(Path root) throws IOException {
    if (!Files.exists(root, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    Files.walkFileTree(
        root,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException e)
              throws IOException {
            if (e != null) {
              throw e;
            }
            Files.delete(directory);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  private static CachedModel describe(ModelName name, Path repo) throws IOException {
    long sizeBytes = 0;
    long incompleteBytes = 0;
    for (String part : List.of("blobs", "snapshots")) {
      for (Path file : files(repo.resolve(part))) {
        try {
          if (file.toString().endsWith(RepoFolder.INCOMPLETE)) {
            incompleteBytes += PartialFile.doneBytes(file, Machine.REAL);
          } else if (part.equals("blobs") || !Files.isSymbolicLink(file)) {
            sizeBytes += Files.size(file);
          }
        } catch (NoSuchFileException e) {
          // a download has just renamed it, or it is a link to nothing
        }
      }
    }
    boolean complete = false;
    Path snapshots = repo.resolve("snapshots");
    if (Files.isDirectory(snapshots)) {
      try (DirectoryStream<Path> commits = Files.newDirectoryStream(snapshots)) {
        for (Path commit : commits) {
          complete |= Files.isDirectory(commit) && RepoFolder.hasWeights(commit);
        }
      }
    }
    return new CachedModel(name, repo, revisions(repo), sizeBytes, incompleteBytes, complete);
  }

  private static Map<String, String> revisions(Path repo) throws IOException {
    Map<String, String> revisions = new TreeMap<>();
    Path refs = repo.resolve("refs");
    for (Path ref : files(refs)) {
      String commit = Files.readString(ref).strip();
      if (Checksum.isSha1(commit)) {
        revisions.put(refs.relativize(ref).toString().replace('\\', '/'), commit);
      }
    }
    return revisions;
  }

  /** All that is no folder, below a folder that need not exist. */
  private static List<Path> files(Path root) throws IOException {
    if (!Files.isDirectory(root)) {
      return List.of();
    }
    try (Stream<Path> paths = Files.walk(root)) {
      return paths.filter(path -> !Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)).toList();
    }
  }
}
