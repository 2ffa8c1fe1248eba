/**
 * The pictures of the documentation: SVG, drawn from real runs of the shipped model. {@code
 * docs/write} writes them, and a test compares them with what a run gives. Start in {@link
 * io.github.nextclass.docs.pictures.Pictures}.
 */
@NullMarked
package io.github.nextclass.docs.pictures;

import org.jspecify.annotations.NullMarked;
