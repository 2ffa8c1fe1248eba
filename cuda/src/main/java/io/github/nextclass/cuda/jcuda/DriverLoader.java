package io.github.nextclass.cuda.jcuda;

import io.github.nextclass.cuda.CudaApi;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.lang.reflect.InvocationTargetException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Loads JCuda in a class loader of its own, and its native library from a folder that only this
 * process can write. By itself JCuda unpacks it under a fixed name into the temporary folder of all
 * users and takes what it finds there.
 */
public final class DriverLoader {
  /** NVIDIA's driver. */
  static final String DRIVER_LIBRARY = "libcuda.so.1";

  private DriverLoader() {}

  /** The library can be loaded once in a process. */
  private static final class Loaded {
    static final ClassLoader LOADER = new Isolated(DriverLoader.class.getClassLoader());
  }

  /** Defines JCuda's classes, and those here that use them, itself. */
  private static final class Isolated extends ClassLoader {
    static {
      registerAsParallelCapable();
    }

    Isolated(@Nullable ClassLoader parent) {
      super("jcuda", parent);
    }

    private static boolean isOurs(String name) {
      return name.startsWith("jcuda.")
          || (name.startsWith("io.github.nextclass.cuda.jcuda.")
              && !name.startsWith(DriverLoader.class.getName()));
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (!isOurs(name)) {
        return name.equals(DriverLoader.class.getName())
            ? DriverLoader.class
            : super.loadClass(name, resolve);
      }
      synchronized (getClassLoadingLock(name)) {
        Class<?> loaded = findLoadedClass(name);
        return loaded == null ? findClass(name) : loaded;
      }
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
      try (InputStream in = getResourceAsStream(name.replace('.', '/') + ".class")) {
        if (in == null) {
          throw new ClassNotFoundException(name);
        }
        byte[] bytes = in.readAllBytes();
        return defineClass(name, bytes, 0, bytes.length, DriverLoader.class.getProtectionDomain());
      } catch (IOException e) {
        throw new ClassNotFoundException(name, e);
      }
    }

    @Override
    protected @Nullable String findLibrary(String name) {
      String file = System.mapLibraryName(name);
      try (InputStream in = getResourceAsStream("lib/" + file)) {
        if (in == null) {
          return null;
        }
        Path folder = Files.createTempDirectory("nextclass-cuda"); // for its owner only
        Path library = folder.resolve(file);
        Files.copy(in, library);
        library.toFile().deleteOnExit();
        folder.toFile().deleteOnExit();
        return library.toString();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /**
   * Whether NVIDIA's driver is installed.
   *
   * @return false where its library is not found
   */
  @SuppressWarnings("restricted")
  public static boolean isDriverInstalled() {
    try (Arena arena = Arena.ofConfined()) {
      SymbolLookup.libraryLookup(DRIVER_LIBRARY, arena);
      return true;
    } catch (IllegalArgumentException absent) {
      return false;
    }
  }

  /**
   * Initialises the driver.
   *
   * @return the driver, no device opened
   * @throws LinkageError if JCuda's library cannot be loaded
   * @throws io.github.nextclass.cuda.CudaException if the driver refuses
   */
  public static CudaApi load() {
    try {
      return (CudaApi)
          Loaded.LOADER
              .loadClass("io.github.nextclass.cuda.jcuda.JCudaApi")
              .getConstructor()
              .newInstance();
    } catch (InvocationTargetException e) {
      switch (e.getCause()) {
        case RuntimeException cause -> throw cause;
        case Error cause -> throw cause;
        case null, default -> throw new LinkageError("JCuda could not be loaded", e);
      }
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("JCuda could not be loaded", e);
    }
  }
}
