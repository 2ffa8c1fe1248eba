package io.github.nextclass.docs;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Runs the samples, each once, and keeps what it printed. */
final class Samples {
  private static final Path FOLDER = Path.of("docs/src/main/java/io/github/nextclass/docs/samples");
  private static final String PACKAGE = "io.github.nextclass.docs.samples.";

  private static final Map<String, String> PRINTED = new HashMap<>();

  private Samples() {}

  /** {@code Class#method} of every sample that is run: each method that takes nothing. */
  static List<String> all() throws IOException, ClassNotFoundException {
    List<String> samples = new ArrayList<>();
    try (Stream<Path> files = Files.list(FOLDER)) {
      for (Path file : files.sorted().toList()) {
        String name = file.getFileName().toString().replace(".java", "");
        if (!name.equals("package-info")) {
          Arrays.stream(Class.forName(PACKAGE + name).getDeclaredMethods())
              .filter(method -> method.getParameterCount() == 0 && !method.isSynthetic())
              .filter(method -> !Modifier.isPrivate(method.getModifiers()))
              .filter(method -> Modifier.isStatic(method.getModifiers()))
              .map(method -> name + "#" + method.getName())
              .sorted()
              .forEach(samples::add);
        }
      }
    }
    return samples;
  }

  /** What a sample prints. */
  static synchronized String printed(String sample) throws ReflectiveOperationException {
    String known = PRINTED.get(sample);
    if (known != null) {
      return known;
    }
    String[] parts = sample.split("#");
    Method method = Class.forName(PACKAGE + parts[0]).getDeclaredMethod(parts[1]);
    method.setAccessible(true);
    PrintStream before = System.out;
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
    try {
      method.invoke(null);
    } catch (InvocationTargetException e) {
      throw new AssertionError(sample + " failed", e.getCause());
    } finally {
      System.setOut(before);
    }
    String printed = bytes.toString(StandardCharsets.UTF_8);
    PRINTED.put(sample, printed);
    return printed;
  }
}
