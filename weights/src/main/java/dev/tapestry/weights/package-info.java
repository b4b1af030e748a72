@NullMarked
package dev.tapestry.weights;

import org.jspecify.annotations.NullMarked;
