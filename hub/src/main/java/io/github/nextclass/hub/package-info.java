/**
 * Models from the Hugging Face Hub, usable alone: it knows names, files and checksums, and nothing
 * of what is in the files.
 *
 * <p>Users begin with {@link io.github.nextclass.hub.Hub}; {@link
 * io.github.nextclass.hub.HubOptions} says where from and where to, {@link
 * io.github.nextclass.hub.HubCache} what is there already.
 *
 * <p>Readers of the code begin with {@code SnapshotDownload} and follow a model down:
 *
 * <pre>
 *   SnapshotDownload  what is needed, in which order
 *    +- RemoteModel     the hub's three addresses: revision, tree, resolve
 *    |   +- HubClient     one request: redirects, where the token may go, silence
 *    |   +- Refusals      what a status means, and what to do about it
 *    |   +- Backoff       what is worth another attempt, and when
 *    +- NeededFiles     which of the listed files
 *    +- RepoFolder      where they go: blobs, refs, snapshots
 *    +- ProcessLock     one download at a time
 *    +- BlobDownload    one file
 *        +- PartialFile   what is there of it, on disk
 *        +- ParallelTasks, ChunkSubscriber
 *        +- Checksum
 * </pre>
 *
 * <p>The package depends on the JDK (java.net.http) and jackson-core only.
 */
package io.github.nextclass.hub;
