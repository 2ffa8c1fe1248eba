/**
 * The CPU backend. Start with {@code CpuBackend}, which splits each operation over the threads;
 * then {@code ScalarPrimitives}, the plain loops that say what is computed, to the bit; then {@code
 * VectorPrimitives}, the same with the Vector API. Depends on {@code backend} and the safetensors
 * module only.
 *
 * <p>Weights are read-only {@code MemorySegment}s, straight from the mapped file; activations are
 * {@code float[]}; keys and values are off the heap.
 */
package io.github.nextclass.engine.cpu;
