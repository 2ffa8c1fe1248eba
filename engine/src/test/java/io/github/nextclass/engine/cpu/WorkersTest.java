package io.github.nextclass.engine.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;

class WorkersTest {
  @Test
  void everyIndexRunsOnceWhateverTheThreadsAndTheGrain() {
    Random random = new Random(7);
    for (int threads = 1; threads <= 4; threads++) {
      try (Workers workers = new Workers(threads)) {
        for (int round = 0; round < 300; round++) {
          int n = random.nextInt(200);
          AtomicIntegerArray runs = new AtomicIntegerArray(n);
          workers.forRange(
              n,
              1 + random.nextInt(20),
              (worker, from, to) -> {
                for (int i = from; i < to; i++) {
                  runs.incrementAndGet(i);
                }
              });
          for (int i = 0; i < n; i++) {
            assertThat(runs.get(i)).isEqualTo(1);
          }
        }
      }
    }
  }

  @Test
  void parkedWorkersWakeUp() throws InterruptedException {
    try (Workers workers = new Workers(3)) {
      for (int round = 0; round < 5; round++) {
        AtomicIntegerArray runs = new AtomicIntegerArray(8);
        workers.forRange(8, 1, (worker, from, to) -> runs.incrementAndGet(from));
        for (int i = 0; i < 8; i++) {
          assertThat(runs.get(i)).isEqualTo(1);
        }
        Thread.sleep(20); // long enough to park
      }
    }
  }

  @Test
  void anExceptionReachesTheCallerAndThePoolGoesOn() {
    try (Workers workers = new Workers(2)) {
      assertThatThrownBy(() ->
              workers.forRange(
                  100,
                  1,
                  (worker, from, to) -> {
                    if (from == 42) {
                      throw new IllegalStateException("piece 42");
                    }
                  }))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("piece 42");
      AtomicIntegerArray runs = new AtomicIntegerArray(10);
      workers.forRange(10, 1, (worker, from, to) -> runs.incrementAndGet(from));
      for (int i = 0; i < 10; i++) {
        assertThat(runs.get(i)).isEqualTo(1);
      }
    }
  }
}
