package io.github.nextclass.hub;

import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicLong;

/** Counts the signs of life of one answer: its headers, and each piece of its body. */
final class Liveness {
  private final AtomicLong signs = new AtomicLong();

  long signs() {
    return signs.get();
  }

  <T> BodySubscriber<T> watch(BodySubscriber<T> body) {
    signs.incrementAndGet();
    return new BodySubscriber<>() {
      @Override
      public CompletionStage<T> getBody() {
        return body.getBody();
      }

      @Override
      public void onSubscribe(Flow.Subscription subscription) {
        body.onSubscribe(subscription);
      }

      @Override
      public void onNext(List<ByteBuffer> bytes) {
        signs.incrementAndGet();
        body.onNext(bytes);
      }

      @Override
      public void onError(Throwable e) {
        body.onError(e);
      }

      @Override
      public void onComplete() {
        body.onComplete();
      }
    };
  }
}
