package io.github.nextclass.hub;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** Runs tasks side by side. Nothing of them runs any more when the call returns. */
final class ParallelTasks {
  /** A part of a download. */
  interface Task {
    void run() throws IOException;
  }

  private ParallelTasks() {}

  /** Runs all; the first failure interrupts the others and is thrown. */
  static void run(int atOnce, List<Task> tasks) throws IOException {
    ExecutorService threads =
        Executors.newFixedThreadPool(
            Math.max(1, Math.min(atOnce, tasks.size())), Thread.ofVirtual().factory());
    try (threads) { // closing waits for those that run
      ExecutorCompletionService<Void> running = new ExecutorCompletionService<>(threads);
      for (Task task : tasks) {
        var _ =
            running.submit(() -> {
              task.run();
              return null;
            });
      }
      try {
        for (int i = 0; i < tasks.size(); i++) {
          running.take().get();
        }
      } catch (ExecutionException e) {
        threads.shutdownNow();
        throw rethrow(e);
      } catch (InterruptedException e) {
        threads.shutdownNow();
        throw Interrupts.convert(e);
      }
    }
  }

  private static IOException rethrow(ExecutionException e) {
    return switch (e.getCause()) {
      case IOException io -> io;
      case RuntimeException unchecked -> throw unchecked;
      case Error error -> throw error;
      case null, default -> throw new IllegalStateException(e);
    };
  }
}
