/** Codecs. */
@NullMarked
package dev.tapestry.weights.codec;

import org.jspecify.annotations.NullMarked;
