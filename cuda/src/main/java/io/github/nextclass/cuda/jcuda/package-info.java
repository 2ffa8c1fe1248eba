/** The driver, through JCuda and, where JCuda lacks a call, through java.lang.foreign. */
@NullMarked
package io.github.nextclass.cuda.jcuda;

import org.jspecify.annotations.NullMarked;
