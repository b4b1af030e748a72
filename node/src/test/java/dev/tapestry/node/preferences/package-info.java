@NullMarked
package dev.tapestry.node.preferences;

import org.jspecify.annotations.NullMarked;
