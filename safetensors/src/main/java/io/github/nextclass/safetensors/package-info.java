/**
 * The safetensors file format, usable alone: it knows tensors as named, typed, shaped ranges of
 * bytes and nothing of models.
 */
package io.github.nextclass.safetensors;
