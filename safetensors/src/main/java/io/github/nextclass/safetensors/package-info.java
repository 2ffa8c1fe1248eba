/**
 * The safetensors file format, usable alone: it knows tensors as named, typed, shaped ranges of
 * bytes and nothing of models.
 *
 * <p>Users begin with {@link io.github.nextclass.safetensors.Safetensors}, which opens a file or a
 * folder and gives a {@link io.github.nextclass.safetensors.TensorSource} of {@link
 * io.github.nextclass.safetensors.Tensor}s; {@link
 * io.github.nextclass.safetensors.SafetensorsWriter} goes the other way.
 *
 * <p>Readers of the code begin with {@code DataFile}, one opened file, and follow a byte through
 * the checks:
 *
 * <pre>
 *   Safetensors     a path to one file or to the shards of an index
 *    +- ShardIndex    which shard holds which tensor
 *    +- DataFile      prefix, then the header, then mapping or copy
 *        +- FileState     is it a regular file, and still the same
 *        +- HeaderParser  JSON to entries, on StrictJson
 *        +- TensorInfo    one entry: type, shape (Extent) and offsets agree
 *        +- Header        all entries: no hole, no overlap, no rest
 *   OpenFiles       the TensorSource over one or many DataFiles, on one arena
 *   SafetensorsWriter -> HeaderWriter, TensorData, AtomicFile
 * </pre>
 *
 * <p>Everything from a file is checked while it is opened, so that nothing behind needs to distrust
 * a number. The package depends on the JDK and jackson-core only.
 */
package io.github.nextclass.safetensors;
