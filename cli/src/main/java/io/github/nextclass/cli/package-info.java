/**
 * The {@code nextclass} command: one class for each subcommand, named after it, over the library
 * and nothing else. Start with {@link io.github.nextclass.cli.Main}; {@code ModelOptions} and
 * {@code DecodingOptions} are the options that commands share.
 *
 * <p>Results go to standard output, everything else to standard error. The exit status is 0, 1
 * (failed) or 2 (wrong usage).
 */
package io.github.nextclass.cli;
