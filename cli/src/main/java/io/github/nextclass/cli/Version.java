package io.github.nextclass.cli;

import picocli.CommandLine.IVersionProvider;

/** The version of the build, and of the Java that runs it. */
final class Version implements IVersionProvider {
  @Override
  public String[] getVersion() {
    String version = Main.class.getPackage().getImplementationVersion();
    return new String[] {
      "nextclass " + (version == null ? "(development build)" : version),
      "Java "
          + Runtime.version()
          + ", "
          + System.getProperty("os.name")
          + " "
          + System.getProperty("os.arch")
    };
  }
}
