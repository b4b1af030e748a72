@NullMarked
package dev.tapestry.coordinator;

import org.jspecify.annotations.NullMarked;
