/**
 * JMH benchmarks of the engine as a backend runs it, at the shapes of the 0.6B model.
 *
 * <p>Operations are called through {@link io.github.nextclass.engine.backend.Backend}, as the
 * transformer calls them, and what was measured is compared with the scalar loops bit for bit: a
 * benchmark of something else fails. May depend on every other module; nothing depends on it. Start
 * with {@link io.github.nextclass.benchmarks.LinearBenchmark}.
 */
@NullMarked
package io.github.nextclass.benchmarks;

import org.jspecify.annotations.NullMarked;
