/**
 * The Java that the documentation shows. A page includes a region of one of these classes, and
 * every method without parameters is run by the build; what it prints stands on the page too.
 */
@NullMarked
package io.github.nextclass.docs.samples;

import org.jspecify.annotations.NullMarked;
