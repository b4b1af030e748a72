@NullMarked
package dev.tapestry.app;

import org.jspecify.annotations.NullMarked;
