@NullMarked
package dev.tapestry.node.constitution;

import org.jspecify.annotations.NullMarked;
