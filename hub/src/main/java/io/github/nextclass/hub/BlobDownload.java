package io.github.nextclass.hub;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpResponse.BodySubscriber;
import java.net.http.HttpResponse.ResponseInfo;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Downloads one file, checks it, and gives it its name among the blobs. */
final class BlobDownload {
  /** A second time from the beginning, should what an earlier process left be the wrong part. */
  private static final int ROUNDS = 2;

  private final ModelName model;
  private final RemoteModel remote;
  private final URI address;
  private final RemoteFile file;
  private final ProgressMeter progress;
  private final Machine machine;
  private final int connections;

  /** Where the hub sent us: further chunks come from there without asking the hub. */
  private volatile @Nullable URI redirected;

  BlobDownload(
      ModelName model,
      RemoteModel remote,
      String commit,
      RemoteFile file,
      ProgressMeter progress,
      Machine machine,
      int connections) {
    this.model = model;
    this.remote = remote;
    this.address = remote.address(commit, file);
    this.file = file;
    this.progress = progress;
    this.machine = machine;
    this.connections = connections;
  }

  /** The hub does not give parts of this file. */
  private static final class NoRangesException extends IOException {
    private static final long serialVersionUID = 1L;
  }

  /** Nobody else may write the unfinished file meanwhile. */
  void run(Path unfinished, Path blob) throws IOException {
    for (int round = 1; round <= ROUNDS; round++) {
      try (PartialFile partial = PartialFile.open(unfinished, file.sizeBytes(), machine)) {
        progress.add(partial.doneBytes());
        receive(partial);
        if (partial.matches(file.checksum())) {
          partial.finish(blob);
          return;
        }
        partial.delete();
        progress.add(-file.sizeBytes());
      }
    }
    throw new HubException(
        "%s: %s arrived with a checksum other than the hub's %s, twice; it was deleted. If a proxy changes what passes, go around it; otherwise try another --revision or HF_ENDPOINT"
            .formatted(model, file.path(), file.checksum()));
  }

  private void receive(PartialFile partial) throws IOException {
    List<ParallelTasks.Task> missing = new ArrayList<>();
    for (int chunk = 0; chunk < partial.chunks(); chunk++) {
      int number = chunk;
      if (!partial.isDone(chunk)) {
        missing.add(() -> receiveChunk(partial, number));
      }
    }
    try {
      ParallelTasks.run(connections, missing);
    } catch (NoRangesException e) {
      progress.add(-partial.doneBytes());
      receiveWhole(partial);
    }
  }

  private void receiveChunk(PartialFile partial, int chunk) throws IOException {
    long start = partial.chunkStart(chunk);
    long bytes = partial.chunkBytes(chunk);
    receive(partial, start, bytes);
    partial.markDone(chunk);
  }

  private void receiveWhole(PartialFile partial) throws IOException {
    receive(partial, 0, file.sizeBytes());
    for (int chunk = 0; chunk < partial.chunks(); chunk++) {
      partial.markDone(chunk);
    }
  }

  private void receive(PartialFile partial, long start, long bytes) throws IOException {
    boolean whole = bytes == file.sizeBytes();
    @Nullable String range = whole ? null : "bytes=%d-%d".formatted(start, start + bytes - 1);
    long received =
        remote.retry(() -> {
          ChunkSubscriber chunk = new ChunkSubscriber(partial, start, bytes, progress);
          try {
            return get(
                range,
                info -> range != null && info.statusCode() == 200 ? new NoSubscriber() : chunk);
          } catch (IOException | RuntimeException e) {
            chunk.takeBack();
            throw e;
          }
        });
    if (received != bytes) {
      throw new NoRangesException();
    }
  }

  private long get(@Nullable String range, Function<ResponseInfo, BodySubscriber<Long>> body)
      throws IOException {
    URI shortcut = redirected;
    if (shortcut != null) {
      Reply<Long> reply = remote.getUnchecked(shortcut, range, body);
      if (reply.body().isPresent()) {
        return reply.body().get();
      }
      redirected = null; // such addresses are good for an hour or so
    }
    Reply<Long> reply = remote.get(address, range, body);
    checkEtag(reply);
    redirected = reply.uri();
    return reply.body().orElseThrow();
  }

  /** The listing and the file come from different parts of the hub. */
  private void checkEtag(Reply<?> reply) throws HubException {
    Optional<String> etag =
        reply.etag().filter(text -> Checksum.isSha1(text) || Checksum.isSha256(text));
    if (etag.isPresent() && !etag.get().equals(file.checksum())) {
      throw new HubException(
          "%s: the hub lists %s with the checksum %s, but has it with the ETag %s; try again, or another HF_ENDPOINT"
              .formatted(model, file.path(), file.checksum(), etag.get()));
    }
  }
}
