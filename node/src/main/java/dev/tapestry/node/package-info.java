@NullMarked
package dev.tapestry.node;

import org.jspecify.annotations.NullMarked;
