package io.github.nextclass.engine.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/**
 * Memory in pages of 2 MB instead of 4 KB, where Linux gives them (transparent huge pages) and the
 * application lets this library call the C library ({@code --enable-native-access}); ordinary
 * memory elsewhere.
 *
 * <p>A processor's prefetching ends with the page, and each page has to be looked up in tables. For
 * weights and KV caches, which are read from end to end, that is up to a tenth of the time: see
 * docs/performance.md.
 *
 * <p>Source: Linux, {@code Documentation/admin-guide/mm/transhuge.rst}; mmap(2), madvise(2).
 */
public final class LargePages {
  private static final long PAGE_BYTES = 2L << 20;
  private static final long SLAB_BYTES = 32L << 20;

  /** What vectors are aligned to, so that none straddles two lines. */
  static final long CACHE_LINE_BYTES = 64;

  private LargePages() {}

  /**
   * Takes memory.
   *
   * @param arena what frees it
   * @param bytes how much
   * @return zeros, at a multiple of 64 bytes
   */
  public static MemorySegment allocate(Arena arena, long bytes) {
    LinuxMemory linux = bytes < PAGE_BYTES ? null : LinuxMemory.INSTANCE;
    MemorySegment memory = linux == null ? null : linux.map(arena, bytes);
    return memory == null ? arena.allocate(bytes, CACHE_LINE_BYTES) : memory;
  }

  /**
   * An allocator for many pieces, some of them smaller than a page: they are cut from slabs. For
   * one thread at a time.
   *
   * @param arena what frees all of them
   * @return gives zeros, at a multiple of 64 bytes
   */
  public static SegmentAllocator slabs(Arena arena) {
    return new SegmentAllocator() {
      private MemorySegment rest = MemorySegment.NULL;

      @Override
      public MemorySegment allocate(long byteSize, long byteAlignment) {
        long bytes = (byteSize + CACHE_LINE_BYTES - 1) / CACHE_LINE_BYTES * CACHE_LINE_BYTES;
        if (bytes > SLAB_BYTES) {
          return LargePages.allocate(arena, byteSize);
        }
        if (bytes > rest.byteSize()) {
          rest = LargePages.allocate(arena, SLAB_BYTES);
        }
        MemorySegment piece = rest.asSlice(0, byteSize);
        rest = rest.asSlice(bytes);
        return piece;
      }
    };
  }

  /** The three functions of the C library. */
  private record LinuxMemory(MethodHandle mmap, MethodHandle madvise, MethodHandle munmap) {
    private static final int PROT_READ_WRITE = 3;
    private static final int MAP_PRIVATE_ANONYMOUS = 0x22;
    private static final int MADV_HUGEPAGE = 14;

    static final @Nullable LinuxMemory INSTANCE = find();

    @SuppressWarnings("restricted") // allowed, or not done
    private static @Nullable LinuxMemory find() {
      if (!System.getProperty("os.name", "").equals("Linux")
          || !LargePages.class.getModule().isNativeAccessEnabled()) {
        return null;
      }
      Linker linker = Linker.nativeLinker();
      SymbolLookup library = linker.defaultLookup();
      FunctionDescriptor map =
          FunctionDescriptor.of(
              ValueLayout.ADDRESS,
              ValueLayout.ADDRESS,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_LONG);
      FunctionDescriptor advise =
          FunctionDescriptor.of(
              ValueLayout.JAVA_INT,
              ValueLayout.ADDRESS,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_INT);
      FunctionDescriptor unmap =
          FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG);
      return new LinuxMemory(
          linker.downcallHandle(library.findOrThrow("mmap"), map),
          linker.downcallHandle(library.findOrThrow("madvise"), advise),
          linker.downcallHandle(library.findOrThrow("munmap"), unmap));
    }

    /** Whole large pages, and the rest in small ones; null where there is no memory. */
    @SuppressWarnings("restricted") // its own mapping, no more and no less
    @Nullable MemorySegment map(Arena arena, long bytes) {
      try {
        long mappedBytes = Math.addExact(bytes, PAGE_BYTES);
        MemorySegment found =
            (MemorySegment)
                mmap.invokeExact(
                    MemorySegment.NULL,
                    mappedBytes,
                    PROT_READ_WRITE,
                    MAP_PRIVATE_ANONYMOUS,
                    -1,
                    0L);
        if (found.address() == -1) {
          return null;
        }
        MemorySegment mapped = found.reinterpret(mappedBytes, arena, this::unmap);
        long start = Math.ceilDiv(mapped.address(), PAGE_BYTES) * PAGE_BYTES - mapped.address();
        MemorySegment memory = mapped.asSlice(start, bytes);
        int _ = (int) madvise.invokeExact(memory, bytes / PAGE_BYTES * PAGE_BYTES, MADV_HUGEPAGE);
        return memory; // advice that was not taken leaves memory as it is
      } catch (RuntimeException | Error e) {
        throw e;
      } catch (Throwable e) {
        throw new IllegalStateException(e); // the C library throws nothing
      }
    }

    private void unmap(MemorySegment mapped) {
      try {
        int _ = (int) munmap.invokeExact(mapped, mapped.byteSize());
      } catch (RuntimeException | Error e) {
        throw e;
      } catch (Throwable e) {
        throw new IllegalStateException(e);
      }
    }
  }
}
