package io.github.nextclass.hub;

import java.net.URI;
import java.net.http.HttpHeaders;
import java.util.Optional;

/**
 * What the hub answered, or the host that it sent us to.
 *
 * @param status such as 200
 * @param headers of the last host
 * @param uri the address that answered, after all redirects
 * @param etag the hub's own ETag of the file, without quotes; never another host's
 * @param body what the status 2xx brought; empty with any other
 */
record Reply<T>(int status, HttpHeaders headers, URI uri, Optional<String> etag, Optional<T> body) {
  Optional<String> header(String name) {
    return headers.firstValue(name);
  }
}
