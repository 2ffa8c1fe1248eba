package io.github.nextclass.engine;

import io.github.nextclass.engine.cpu.LargePages;
import io.github.nextclass.engine.quant.BlockMatrix;
import io.github.nextclass.engine.quant.BlockQuantizer;
import io.github.nextclass.safetensors.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Quantises matrices on some threads, one matrix after the other. Beside the result it takes the
 * working memory of a {@link BlockQuantizer} a thread, whatever the size of the model. Which thread
 * made what does not show in the result.
 */
final class WeightQuantizer implements AutoCloseable {
  private final int bits;
  private final SegmentAllocator memory;
  private final LoadProgress progress;
  private final List<BlockQuantizer> quantizers = new ArrayList<>();
  private final ExecutorService threads;
  private long done;
  private long total;

  WeightQuantizer(int bits, int threadCount, Arena arena, LoadProgress progress) {
    this.bits = bits;
    this.memory = LargePages.slabs(arena);
    this.progress = progress;
    for (int i = 0; i < threadCount; i++) {
      quantizers.add(new BlockQuantizer(bits));
    }
    this.threads =
        Executors.newFixedThreadPool(
            threadCount, Thread.ofPlatform().daemon().name("nextclass-quantizer-", 1).factory());
  }

  int bits() {
    return bits;
  }

  /** Adds to what there is to do. */
  void announce(long weights) {
    total = Math.addExact(total, weights);
  }

  /**
   * Quantises a matrix of floats into memory of its own.
   *
   * @throws ModelFormatException if a weight is not finite
   */
  BlockMatrix quantize(Tensor matrix, int rows, int columns) throws ModelFormatException {
    MemorySegment target = memory.allocate(BlockMatrix.bytes(bits, rows, columns));
    quantize(matrix, rows, columns, target);
    return new BlockMatrix(matrix.name(), target.asReadOnly(), bits, rows, columns);
  }

  /** The same, into given memory. */
  void quantize(Tensor matrix, int rows, int columns, MemorySegment target)
      throws ModelFormatException {
    BlockQuantizer.Rows source = (row, to, at) -> FloatRows.read(matrix, row, columns, to, at);
    AtomicInteger next = new AtomicInteger();
    List<Future<?>> parts = new ArrayList<>();
    for (BlockQuantizer quantizer : quantizers) {
      parts.add(
          threads.submit(() -> {
            int panels = BlockMatrix.panels(rows);
            for (int p = next.getAndIncrement(); p < panels; p = next.getAndIncrement()) {
              quantizer.panel(matrix.name(), source, rows, columns, p, target);
              report(Math.min(BlockMatrix.ROWS, rows - p * BlockMatrix.ROWS) * (long) columns);
            }
          }));
    }
    await(parts);
  }

  private static void await(List<Future<?>> parts) throws ModelFormatException {
    boolean interrupted = false;
    Throwable failure = null;
    for (Future<?> part : parts) { // all of them: the memory they write to must outlive them
      while (true) {
        try {
          part.get();
          break;
        } catch (ExecutionException e) {
          failure = e.getCause();
          break;
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (failure instanceof IllegalArgumentException e) {
      throw new ModelFormatException(String.valueOf(e.getMessage()));
    } else if (failure != null) {
      throw new IllegalStateException(failure);
    }
  }

  private synchronized void report(long weights) {
    done += weights;
    progress.report(done, total);
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }
}
