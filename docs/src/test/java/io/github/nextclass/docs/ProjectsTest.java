package io.github.nextclass.docs;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The projects in docs/projects, built and run as their users do, but for Maven. */
class ProjectsTest {
  private static final Path PROJECTS = Path.of("docs/projects");
  private static final Pattern MODULES =
      Pattern.compile(
          "(^|[/\\\\])(nextclass-)?(safetensors|tokenizer|engine|sampling|jackson-core)\\b");
  private static final Path JDK = Path.of(System.getProperty("java.home"));

  @TempDir Path classes;

  @Test
  void runsOnTheClassPath() throws Exception {
    String classPath = paths(path -> true);
    compile("class-path", "--class-path", classPath);
    String out =
        run(
            "--add-modules",
            "jdk.incubator.vector",
            "-cp",
            classes + File.pathSeparator + classPath,
            "org.example.Main",
            "models/storyteller");
    assertThat(out.lines()).hasSizeGreaterThanOrEqualTo(4);
    assertThat(out).contains("negative 0.").contains("192 floats").doesNotContain("scalar code");
  }

  @Test
  void runsOnTheModulePathWithoutAFlag() throws Exception {
    String modulePath = paths(ProjectsTest::isModule);
    compile("module-path", "--module-path", modulePath);
    String out =
        run(
            "--module-path",
            classes + File.pathSeparator + modulePath,
            "--module",
            "org.example/org.example.Main",
            "models/storyteller");
    assertThat(out.lines()).hasSizeGreaterThanOrEqualTo(4);
    assertThat(out).contains("negative 0.").contains("192 floats").doesNotContain("scalar code");
  }

  @Test
  void projectsNameTheVersionOfThisBuild() throws IOException {
    String parent = Files.readString(Path.of("pom.xml"));
    String version = parent.replaceFirst("(?s).*?<version>(.*?)</version>.*", "$1");
    try (Stream<Path> files = Files.walk(PROJECTS)) {
      for (Path pom : files.filter(file -> file.endsWith("pom.xml")).toList()) {
        String[] ours = Files.readString(pom).split("<groupId>io.github.nextclass</groupId>");
        assertThat(ours).as(pom.toString()).hasSizeGreaterThan(1);
        for (String dependency : Arrays.copyOfRange(ours, 1, ours.length)) {
          assertThat(dependency.replaceFirst("(?s).*?<version>(.*?)</version>.*", "$1"))
              .as(pom.toString())
              .isEqualTo(version);
        }
      }
    }
  }

  /** What this test itself stands on. */
  private static String paths(Predicate<Path> wanted) {
    return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
        .filter(path -> wanted.test(Path.of(path)))
        .collect(Collectors.joining(File.pathSeparator));
  }

  /** The modules that a user of sampling gets: four of ours, as folders or jars, and Jackson. */
  private static boolean isModule(Path path) {
    return MODULES.matcher(path.toString()).find() && hasDescriptor(path);
  }

  private static boolean hasDescriptor(Path path) {
    if (Files.isDirectory(path)) {
      return Files.exists(path.resolve("module-info.class"));
    }
    try (JarFile jar = new JarFile(path.toFile())) {
      return jar.stream().anyMatch(entry -> entry.getName().endsWith("module-info.class"));
    } catch (IOException e) {
      return false;
    }
  }

  private void compile(String project, String... options) throws Exception {
    List<String> command = new ArrayList<>(List.of("javac", "-d", classes.toString()));
    command.addAll(List.of(options));
    try (Stream<Path> files = Files.walk(PROJECTS.resolve(project).resolve("src"))) {
      files
          .map(Path::toString)
          .filter(file -> file.endsWith(".java"))
          .sorted()
          .forEach(command::add);
    }
    start(command);
  }

  private static String run(String... options) throws Exception {
    List<String> command = new ArrayList<>(List.of("java"));
    command.addAll(List.of(options));
    return start(command);
  }

  private static String start(List<String> command) throws Exception {
    List<String> whole = new ArrayList<>(command);
    whole.set(0, JDK.resolve("bin").resolve(command.getFirst()).toString());
    Process process = new ProcessBuilder(whole).redirectErrorStream(true).start();
    String out = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor(5, TimeUnit.MINUTES)).isTrue();
    assertThat(process.exitValue()).as(out).isZero();
    return out;
  }
}
