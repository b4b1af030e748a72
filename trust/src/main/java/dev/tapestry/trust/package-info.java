@NullMarked
package dev.tapestry.trust;

import org.jspecify.annotations.NullMarked;
