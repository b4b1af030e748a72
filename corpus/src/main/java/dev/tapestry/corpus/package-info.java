@NullMarked
package dev.tapestry.corpus;

import org.jspecify.annotations.NullMarked;
