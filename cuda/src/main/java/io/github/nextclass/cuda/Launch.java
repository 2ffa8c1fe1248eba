package io.github.nextclass.cuda;

import java.util.List;

/**
 * A kernel with its grid and its arguments.
 *
 * @param kernel the kernel
 * @param gridX blocks in x
 * @param gridY blocks in y
 * @param gridZ blocks in z
 * @param cluster how many neighbours in x run at the same time and see each other's shared memory
 * @param threads the threads of a block
 * @param sharedBytes the dynamic shared memory of a block
 * @param arguments a Long for a pointer, Integer, Float or {@link TensorMap}, as {@link
 *     Kernel#parameters} says
 */
public record Launch(
    Kernel kernel,
    int gridX,
    int gridY,
    int gridZ,
    int cluster,
    int threads,
    int sharedBytes,
    List<Object> arguments) {
  /** Checks the arguments against the kernel's parameters. */
  public Launch {
    arguments = List.copyOf(arguments);
    StringBuilder types = new StringBuilder();
    for (Object argument : arguments) {
      types.append(
          switch (argument) {
            case Long ignored -> 'P';
            case Integer ignored -> 'I';
            case Float ignored -> 'F';
            case TensorMap ignored -> 'T';
            default -> '?';
          });
    }
    if (!types.toString().equals(kernel.parameters())) {
      throw new IllegalArgumentException(
          kernel.entry() + " takes " + kernel.parameters() + ", found " + types);
    }
  }

  /** A launch of blocks that do not know each other. */
  Launch(
      Kernel kernel,
      int gridX,
      int gridY,
      int gridZ,
      int threads,
      int sharedBytes,
      List<Object> arguments) {
    this(kernel, gridX, gridY, gridZ, 1, threads, sharedBytes, arguments);
  }

  static Launch of(Kernel kernel, int blocks, int threads, Object... arguments) {
    return new Launch(kernel, blocks, 1, 1, threads, 0, List.of(arguments));
  }
}
