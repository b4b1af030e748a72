/**
 * Measurements of what Tapestry costs, each beside what the machine could do at best in the same
 * run: {@code tapestry bench train|merge|codecs|round}.
 *
 * <p>Progress goes to standard error, the result to standard output.
 */
@NullMarked
package dev.tapestry.app.bench;

import org.jspecify.annotations.NullMarked;
