@NullMarked
package dev.tapestry.consortium.protocol;

import org.jspecify.annotations.NullMarked;
