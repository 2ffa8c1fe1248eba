package io.github.nextclass.hub;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Brings what is missing of a model into its folder in the cache. */
final class SnapshotDownload {
  private final ModelName model;
  private final HubOptions options;
  private final Machine machine;
  private final RepoFolder folder;
  private final ProgressMeter progress;

  SnapshotDownload(ModelName model, HubOptions options, Machine machine) {
    this.model = model;
    this.options = options;
    this.machine = machine;
    this.folder = new RepoFolder(options.cache(), model, machine);
    this.progress = new ProgressMeter(model, options.listener());
  }

  /** Asks the hub what the revision is now, and returns its snapshot once it is whole. */
  Path run() throws IOException {
    try (HubClient client = new HubClient(options, machine)) {
      RemoteModel remote = new RemoteModel(model, options, client, machine, progress);
      String commit = remote.commit();
      NeededFiles needed = new NeededFiles(model, commit, checked(commit, remote.files(commit)));
      List<RemoteFile> small = needed.small();
      Set<String> shards = Set.of();
      if (needed.index().isPresent()) { // it says which of the other files are weights
        RemoteFile index = needed.index().get();
        fetch(remote, commit, index, 1);
        shards = HubJson.readShardNames(folder.pointer(commit, index));
      }
      List<RemoteFile> weights = needed.weights(shards);
      begin(commit, small, weights);
      ParallelTasks.run(
          options.connections(),
          small.stream()
              .<ParallelTasks.Task>map(file -> () -> fetch(remote, commit, file, 1))
              .toList());
      for (RemoteFile file : weights) { // last: where there are weights, there is all
        fetch(remote, commit, file, options.connections());
      }
      writeRef(commit);
      return folder.snapshot(commit);
    }
  }

  private List<RemoteFile> checked(String commit, List<RemoteFile> files) throws HubException {
    for (RemoteFile file : files) {
      var _ = folder.pointer(commit, file);
    }
    return files;
  }

  /** Before the first large file: is there room for all? */
  private void begin(String commit, List<RemoteFile> small, List<RemoteFile> weights)
      throws IOException {
    List<RemoteFile> missing = new ArrayList<>();
    Set<String> blobs = new HashSet<>();
    for (List<RemoteFile> files : List.of(small, weights)) {
      for (RemoteFile file : files) {
        if (!isThere(commit, file) && blobs.add(file.checksum())) {
          missing.add(file);
        }
      }
    }
    long bytes = missing.stream().mapToLong(RemoteFile::sizeBytes).sum();
    if (missing.isEmpty()) {
      return;
    }
    checkRoom(missing, bytes);
    progress.begin(bytes);
  }

  private boolean isThere(String commit, RemoteFile file) throws IOException {
    return folder.has(commit, file) || RepoFolder.hasSize(folder.blob(file), file.sizeBytes());
  }

  private void checkRoom(List<RemoteFile> missing, long bytes) throws IOException {
    long needed = bytes;
    for (RemoteFile file : missing) {
      Path unfinished = folder.incompleteBlob(file);
      if (Files.exists(unfinished)) {
        needed -= PartialFile.doneBytes(unfinished, file.sizeBytes(), machine);
      }
    }
    long usable;
    try {
      Files.createDirectories(folder.path());
      usable = machine.usableBytes(folder.path());
    } catch (IOException e) {
      throw DiskFailures.cannotWrite(folder.path(), e);
    }
    if (usable < needed) {
      throw new HubException(
          "%s needs %s more, and there are only %s free in %s; free some space, or set HF_HUB_CACHE to a folder on another disk"
              .formatted(model, Texts.bytes(needed), Texts.bytes(usable), options.cache()));
    }
  }

  private void fetch(RemoteModel remote, String commit, RemoteFile file, int connections)
      throws IOException {
    if (folder.has(commit, file)) {
      return;
    }
    Path blob = folder.blob(file);
    try (ProcessLock _ = ProcessLock.acquire(folder.lockFile(file), this::onLocked)) {
      boolean isNew = !RepoFolder.hasSize(blob, file.sizeBytes());
      if (isNew && !folder.has(commit, file)) {
        createDirectory(folder.blobs());
        new BlobDownload(model, remote, commit, file, progress, machine, connections)
            .run(folder.incompleteBlob(file), blob);
      }
      if (!folder.has(commit, file)) {
        point(commit, file, isNew);
      }
    }
  }

  private void onLocked() {
    progress.onWait("another process or thread is fetching this model", Duration.ZERO);
  }

  private static void createDirectory(Path folder) throws HubException {
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw DiskFailures.cannotWrite(folder, e);
    }
  }

  private void point(String commit, RemoteFile file, boolean isNew) throws IOException {
    try {
      folder.point(commit, file, isNew);
    } catch (IOException e) {
      throw DiskFailures.cannotWrite(folder.snapshot(commit), e);
    }
  }

  /** A cache that cannot be written, and has all that is asked for, is good enough. */
  private void writeRef(String commit) {
    try {
      folder.writeRef(options.revision(), commit);
    } catch (IOException e) {
      System.getLogger(SnapshotDownload.class.getName())
          .log(System.Logger.Level.DEBUG, "the revision could not be noted", e);
    }
  }
}
