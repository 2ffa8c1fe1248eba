package io.github.nextclass.safetensors;

import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The tensors of one file or of all shards of a checkpoint, on one arena. */
final class OpenFiles implements TensorSource {
  private final Path path;
  private final List<DataFile> files;
  private final Arena arena;
  private final Map<String, Location> locations = new LinkedHashMap<>();
  private final Map<String, String> metadata = new LinkedHashMap<>();
  private final long byteSize;

  private record Location(DataFile file, TensorInfo info) {}

  /**
   * Takes the files over.
   *
   * @param path what the user opened, a file or an index
   * @param files with no tensor name in common
   * @param arena owner of their memory, closed by {@link #close()}
   */
  OpenFiles(Path path, List<DataFile> files, Arena arena) {
    this.path = path;
    this.files = List.copyOf(files);
    this.arena = arena;
    long totalBytes = 0;
    for (DataFile file : files) {
      for (TensorInfo info : file.header().tensors()) {
        locations.put(info.name(), new Location(file, info));
      }
      file.header().metadata().forEach(metadata::putIfAbsent);
      totalBytes = Math.addExact(totalBytes, file.data().byteSize());
    }
    this.byteSize = totalBytes;
  }

  @Override
  public Set<String> names() {
    return Collections.unmodifiableSet(locations.keySet());
  }

  @Override
  public boolean contains(String name) {
    return locations.containsKey(name);
  }

  @Override
  public Tensor tensor(String name) throws SafetensorsException {
    if (!arena.scope().isAlive()) {
      throw new IllegalStateException(path + " is closed");
    }
    Location location = locations.get(name);
    if (location == null) {
      throw SafetensorsException.of(
          path, name, "not found among the %d tensors".formatted(locations.size()));
    }
    TensorInfo info = location.info();
    return new Tensor(
        info, location.file().data().asSlice(info.begin(), info.end() - info.begin()));
  }

  @Override
  public Map<String, String> metadata() {
    return Collections.unmodifiableMap(metadata);
  }

  @Override
  public long byteSize() {
    return byteSize;
  }

  @Override
  public void verifyUnchanged() throws SafetensorsException {
    for (DataFile file : files) {
      file.state().verify(file.path());
    }
  }

  @Override
  public void requireWhole() throws SafetensorsException {
    for (DataFile file : files) {
      if (file.data().isMapped()) {
        file.state().requireWhole(file.path());
      }
    }
  }

  @Override
  public synchronized void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }

  /** Path and number of tensors, for messages. */
  @Override
  public String toString() {
    return "%s (%d tensors, %d bytes)".formatted(path, locations.size(), byteSize);
  }
}
