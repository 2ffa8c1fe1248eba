package io.github.nextclass.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The memory of this process.
 *
 * @param residentBytes all of it that is in main memory
 * @param weightBytes what of that is mapped weight files, which the system can take back at any
 *     time
 * @param heapBytes the heap at its largest so far
 */
record ProcessMemory(long residentBytes, long weightBytes, long heapBytes) {
  private static final Path SMAPS = Path.of("/proc/self/smaps");

  /** Such as {@code 7f24a0000000-7f24e70b1000 r--p 00000000 08:01 1234 /models/x.safetensors}. */
  private static final Pattern MAPPING =
      Pattern.compile("[0-9a-f]+-[0-9a-f]+ \\S+ \\S+ \\S+ \\d+ *(.*)");

  private static final Pattern RESIDENT = Pattern.compile("Rss: +(\\d+) kB");

  /** Empty where the system does not tell: it is Linux that does. */
  static Optional<ProcessMemory> measure() throws IOException {
    if (!Files.isReadable(SMAPS)) {
      return Optional.empty();
    }
    long residentBytes = 0;
    long weightBytes = 0;
    boolean weights = false;
    try (BufferedReader lines = Files.newBufferedReader(SMAPS, StandardCharsets.UTF_8)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        Matcher mapping = MAPPING.matcher(line);
        if (mapping.matches()) {
          weights = isWeights(mapping.group(1));
          continue;
        }
        OptionalLong bytes = residentBytes(line);
        if (bytes.isPresent()) {
          residentBytes += bytes.getAsLong();
          weightBytes += weights ? bytes.getAsLong() : 0;
        }
      }
    }
    return Optional.of(new ProcessMemory(residentBytes, weightBytes, largestHeapBytes()));
  }

  /** A file of the Hub's cache is a link, and its blob has no name but a checksum. */
  private static boolean isWeights(String path) {
    return path.endsWith(".safetensors") || path.contains("/blobs/");
  }

  private static OptionalLong residentBytes(String line) {
    Matcher resident = RESIDENT.matcher(line);
    return resident.matches()
        ? OptionalLong.of(1024 * Long.parseLong(resident.group(1)))
        : OptionalLong.empty();
  }

  private static long largestHeapBytes() {
    return ManagementFactory.getMemoryPoolMXBeans().stream()
        .filter(pool -> pool.getType() == MemoryType.HEAP)
        .map(MemoryPoolMXBean::getPeakUsage)
        .mapToLong(usage -> usage.getCommitted())
        .sum();
  }

  /** What this process needs beside weights and KV cache. */
  long otherBytes(long kvCacheBytes) {
    return residentBytes - weightBytes - kvCacheBytes;
  }
}
