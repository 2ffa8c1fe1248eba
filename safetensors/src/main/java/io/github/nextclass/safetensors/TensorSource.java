package io.github.nextclass.safetensors;

import java.util.Map;
import java.util.Set;

/**
 * Named tensors out of one file or of several shards. Everything was checked when the source was
 * opened, so that the methods here do no parsing.
 *
 * <p>Immutable and safe for use by many threads. Closing it invalidates every {@link
 * Tensor#segment()} at once: later access is an {@link IllegalStateException}, never a crash.
 */
public interface TensorSource extends AutoCloseable {

  /**
   * Returns the names of all tensors.
   *
   * @return unmodifiable; in the order of the data, for shards one shard after the other
   */
  Set<String> names();

  /**
   * Tells whether there is a tensor of this name.
   *
   * @param name the full name, for example {@code "model.embed_tokens.weight"}
   * @return true if {@link #tensor} would find it
   */
  boolean contains(String name);

  /**
   * Returns a tensor; nothing is copied.
   *
   * @param name the full name
   * @return the tensor, valid until this source is closed
   * @throws SafetensorsException if there is none of that name; the message names the file
   * @throws IllegalStateException if this source is closed
   */
  Tensor tensor(String name) throws SafetensorsException;

  /**
   * Returns the free text that a file carries under {@code __metadata__}.
   *
   * @return unmodifiable, empty where there is none; of shards the union, where the first shard to
   *     hold a key decides
   */
  Map<String, String> metadata();

  /**
   * Returns the size of all tensors together.
   *
   * @return bytes of tensor data, headers not counted
   */
  long byteSize();

  /**
   * Checks that the files on disk are still those that were opened: same size, same time of last
   * modification, same file. Call it after reading weights from {@link Storage#MMAP}, or before
   * trusting them much later. A write that keeps size and time stamp is not seen.
   *
   * @throws SafetensorsException if a file changed, was replaced or is gone; the message says which
   */
  void verifyUnchanged() throws SafetensorsException;

  /**
   * Checks that no file that is mapped was truncated. Reading behind the new end would be a fault,
   * in compiled code the end of the JVM, so code that computes for long asks from time to time; it
   * costs some microseconds a file. A file that was replaced or deleted is no danger: what was
   * opened is still there.
   *
   * @throws SafetensorsException if a file has become shorter
   */
  void requireWhole() throws SafetensorsException;

  /**
   * Releases memory and mapping. A second call does nothing.
   *
   * @throws IllegalStateException if a tensor is just being read by an operation that pins its
   *     memory, such as a write to a channel; try again after it
   */
  @Override
  void close();
}
