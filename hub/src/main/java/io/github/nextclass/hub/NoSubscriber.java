package io.github.nextclass.hub;

import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;

/** Wants nothing of an answer; the result is that no byte was received. */
final class NoSubscriber implements BodySubscriber<Long> {
  @Override
  public CompletionStage<Long> getBody() {
    return CompletableFuture.completedStage(0L);
  }

  @Override
  public void onSubscribe(Flow.Subscription subscription) {
    subscription.cancel();
  }

  @Override
  public void onNext(List<ByteBuffer> bytes) {}

  @Override
  public void onError(Throwable e) {}

  @Override
  public void onComplete() {}
}
