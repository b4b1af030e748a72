@NullMarked
package dev.tapestry.aggregation;

import org.jspecify.annotations.NullMarked;
