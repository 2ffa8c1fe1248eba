package io.github.nextclass.hub;

import java.io.IOException;
import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/** Writes the body of an answer to its place in a file; the result is the number of its bytes. */
final class ChunkSubscriber implements BodySubscriber<Long> {
  private final PartialFile file;
  private final long start;
  private final long expectedBytes;
  private final ProgressMeter progress;
  private final CompletableFuture<Long> body = new CompletableFuture<>();
  private Flow.@Nullable Subscription subscription;
  private volatile long receivedBytes;

  ChunkSubscriber(PartialFile file, long start, long expectedBytes, ProgressMeter progress) {
    this.file = file;
    this.start = start;
    this.expectedBytes = expectedBytes;
    this.progress = progress;
  }

  /** Takes back what was reported: it will be received again. */
  void takeBack() {
    progress.add(-receivedBytes);
  }

  @Override
  public CompletionStage<Long> getBody() {
    return body;
  }

  @Override
  public void onSubscribe(Flow.Subscription toBody) {
    this.subscription = toBody;
    toBody.request(Long.MAX_VALUE); // writing is what limits: it happens in the same call
  }

  @Override
  @SuppressWarnings("NonAtomicVolatileUpdate") // one thread writes at a time
  public void onNext(List<ByteBuffer> buffers) {
    if (body.isDone()) {
      return;
    }
    try {
      for (ByteBuffer buffer : buffers) {
        int bytes = buffer.remaining();
        if (receivedBytes + bytes > expectedBytes) {
          throw new IOException("got more than the %d bytes asked for".formatted(expectedBytes));
        }
        file.write(buffer, start + receivedBytes);
        receivedBytes += bytes;
        progress.add(bytes);
      }
    } catch (IOException | RuntimeException e) {
      if (subscription != null) {
        subscription.cancel();
      }
      body.completeExceptionally(e);
    }
  }

  @Override
  public void onError(Throwable e) {
    body.completeExceptionally(e);
  }

  @Override
  public void onComplete() {
    if (receivedBytes == expectedBytes) {
      body.complete(receivedBytes);
    } else {
      body.completeExceptionally(
          new IOException(
              "the answer ended after %d of %d bytes".formatted(receivedBytes, expectedBytes)));
    }
  }
}
