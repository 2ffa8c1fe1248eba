package io.github.nextclass.hub;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A model's folder in the cache, laid out as Python's huggingface_hub does it:
 *
 * <pre>
 *   models--Qwen--Qwen3-0.6B/
 *     blobs/f47f7117...                    the files, each named by its checksum
 *     refs/main                            the commit that the branch was at
 *     snapshots/c1899de2.../config.json    a link: ../../blobs/...
 *   .locks/models--Qwen--Qwen3-0.6B/f47f7117....lock
 * </pre>
 *
 * A blob has its name only once it is whole, a snapshot gets the weights last, and a ref is written
 * when its snapshot is whole. So whatever is found is whole, wherever a process died.
 */
final class RepoFolder {
  static final String INCOMPLETE = ".incomplete";
  private static final String LOCKS = ".locks";
  private static final String INDEX_NAME = "model.safetensors.index.json";

  /** What git allows in a name, as far as no file system minds it. */
  private static final Pattern REVISION =
      Pattern.compile("[^\\\\:*?\"<>|~^\\[\\s\\p{Cntrl}]{1,200}");

  private final Path cache;
  private final ModelName model;
  private final Path folder;
  private final Machine machine;

  RepoFolder(Path cache, ModelName model, Machine machine) {
    this.cache = cache;
    this.model = model;
    this.folder = cache.resolve(model.folderName());
    this.machine = machine;
  }

  /** Refuses what is no revision: it becomes a part of addresses, and the name of a file. */
  static void checkRevision(String revision) {
    boolean plain = REVISION.matcher(revision).matches();
    for (String part : revision.split("/", -1)) {
      plain = plain && !part.isEmpty() && !part.startsWith(".") && !part.contains("..");
    }
    if (!plain) {
      throw new IllegalArgumentException(
          "revision is %s, expected a branch, a tag or a commit".formatted(Texts.quote(revision)));
    }
  }

  Path path() {
    return folder;
  }

  Path blobs() {
    return folder.resolve("blobs");
  }

  Path blob(RemoteFile file) {
    return blobs().resolve(file.checksum());
  }

  /** Python's own unfinished downloads have other names, so nobody takes one for the other's. */
  Path incompleteBlob(RemoteFile file) {
    return blobs().resolve(file.checksum() + ".nextclass" + INCOMPLETE);
  }

  Path lockFile(RemoteFile file) {
    return locks().resolve(file.checksum() + ".lock");
  }

  Path locks() {
    return cache.resolve(LOCKS).resolve(model.folderName());
  }

  Path snapshot(String commit) {
    return folder.resolve("snapshots").resolve(commit);
  }

  /** Where a snapshot has a file; it is a path below the snapshot, whatever the hub lists. */
  Path pointer(String commit, RemoteFile file) throws HubException {
    Path snapshot = snapshot(commit);
    Path pointer = snapshot.resolve(file.path()).normalize();
    if (!pointer.startsWith(snapshot) || pointer.equals(snapshot)) {
      throw new HubException(
          "%s: the hub lists a file %s, which would leave the folder of the model; nothing was downloaded"
              .formatted(model, Texts.quote(file.path())));
    }
    return pointer;
  }

  /** The commit that a revision was at when it was last asked for. */
  Optional<String> commit(String revision) throws IOException {
    if (Checksum.isSha1(revision)) {
      return Optional.of(revision);
    }
    Path ref = ref(revision);
    if (!Files.isRegularFile(ref)) {
      return Optional.empty();
    }
    String commit = Files.readString(ref).strip();
    return Checksum.isSha1(commit) ? Optional.of(commit) : Optional.empty();
  }

  private Path ref(String revision) {
    return folder.resolve("refs").resolve(revision);
  }

  void writeRef(String revision, String commit) throws IOException {
    if (revision.equals(commit) || commit(revision).filter(commit::equals).isPresent()) {
      return;
    }
    Path ref = ref(revision);
    Files.createDirectories(ref.getParent());
    Path temporary = temporarySibling(ref);
    Files.writeString(temporary, commit);
    Files.move(temporary, ref, StandardCopyOption.ATOMIC_MOVE);
  }

  /** Whether a file is in a snapshot, with the size that it should have. */
  boolean has(String commit, RemoteFile file) throws IOException {
    return hasSize(pointer(commit, file), file.sizeBytes());
  }

  static boolean hasSize(Path file, long sizeBytes) throws IOException {
    return Files.isRegularFile(file) && Files.size(file) == sizeBytes;
  }

  /**
   * Puts a blob into a snapshot: a relative link, which survives a move of the cache. Where there
   * are no links, a new blob itself moves there, and one that others may use is copied.
   */
  void point(String commit, RemoteFile file, boolean isNew) throws IOException {
    Path pointer = pointer(commit, file);
    Path parent = requireNonNull(pointer.getParent());
    Path blob = blob(file);
    Files.createDirectories(parent);
    Path temporary = temporarySibling(pointer);
    try {
      machine.createSymbolicLink(temporary, parent.relativize(blob));
    } catch (IOException | UnsupportedOperationException e) {
      if (isNew) {
        temporary = blob;
      } else {
        Files.copy(blob, temporary);
      }
    }
    Files.move(temporary, pointer, StandardCopyOption.ATOMIC_MOVE);
  }

  private static Path temporarySibling(Path file) {
    return file.resolveSibling(".%s.tmp".formatted(UUID.randomUUID()));
  }

  /**
   * Whether a snapshot can be loaded: config and weights. Python fetches file by file, so what it
   * left may still lack the tokenizer.
   */
  static boolean hasWeights(Path snapshot) throws IOException {
    if (!Files.isRegularFile(snapshot.resolve("config.json"))) {
      return false;
    }
    Path index = snapshot.resolve(INDEX_NAME);
    if (!Files.isRegularFile(index)) {
      return Files.isRegularFile(snapshot.resolve("model.safetensors"));
    }
    for (String shard : HubJson.readShardNames(index)) {
      if (!Files.isRegularFile(snapshot.resolve(shard))) {
        return false;
      }
    }
    return true;
  }

  static boolean hasTokenizer(Path snapshot) throws IOException {
    if (Files.isRegularFile(snapshot.resolve("tokenizer.json"))
        || (Files.isRegularFile(snapshot.resolve("vocab.json"))
            && Files.isRegularFile(snapshot.resolve("merges.txt")))) {
      return true;
    }
    try (Stream<Path> files = Files.list(snapshot)) {
      return files.anyMatch(
          file -> file.toString().endsWith(".tiktoken") && Files.isRegularFile(file));
    }
  }
}
