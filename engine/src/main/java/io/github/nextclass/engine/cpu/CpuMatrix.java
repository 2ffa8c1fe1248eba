package io.github.nextclass.engine.cpu;

import io.github.nextclass.engine.backend.Weight;

/**
 * A matrix that the kernels multiply with. They see floats only: {@link Primitives#widen} and
 * {@link Widen} know how each kind becomes floats, row by row.
 */
sealed interface CpuMatrix extends Weight permits CpuWeight, Fp8Weight, GroupedWeight {}
