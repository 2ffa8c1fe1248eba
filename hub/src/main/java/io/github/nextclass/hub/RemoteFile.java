package io.github.nextclass.hub;

/**
 * A file of a model on the hub.
 *
 * @param path within the repository, with slashes
 * @param sizeBytes its size
 * @param checksum see {@link Checksum}; also the hub's ETag of the file, and the name of its blob
 *     in the cache
 */
record RemoteFile(String path, long sizeBytes, String checksum) {}
