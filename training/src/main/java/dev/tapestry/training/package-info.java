@NullMarked
package dev.tapestry.training;

import org.jspecify.annotations.NullMarked;
