/** The Qwen3 transformer over token ids. */
package io.github.nextclass.engine;
