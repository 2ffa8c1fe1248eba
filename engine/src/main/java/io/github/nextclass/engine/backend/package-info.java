/**
 * The seam between the transformer and the hardware: the dozen coarse operations, and opaque
 * handles for what they work on. The CPU implementation is in {@code
 * io.github.nextclass.engine.cpu}.
 */
package io.github.nextclass.engine.backend;
