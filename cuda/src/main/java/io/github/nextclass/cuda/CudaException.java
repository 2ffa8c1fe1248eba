package io.github.nextclass.cuda;

/** The driver refused a call, or a kernel failed. After a failed kernel the backend is unusable. */
public final class CudaException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** The driver's code for memory that is not there. */
  static final int OUT_OF_MEMORY = 2;

  /** The driver's code. */
  private final int code;

  /**
   * Creates the exception.
   *
   * @param what what was tried, with the name of the kernel where there is one
   * @param code the driver's code
   * @param name the driver's name for it
   */
  public CudaException(String what, int code, String name) {
    super(what + ": " + name + " (" + code + ")");
    this.code = code;
  }

  /** The same error, and what was running. */
  CudaException(String what, CudaException cause) {
    super(what + ": " + cause.getMessage(), cause);
    this.code = cause.code;
  }

  /**
   * The driver's code.
   *
   * @return such as 700 for an illegal address
   */
  public int code() {
    return code;
  }
}
