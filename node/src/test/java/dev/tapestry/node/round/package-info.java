/** What a node remembers of rounds. */
@NullMarked
package dev.tapestry.node.round;

import org.jspecify.annotations.NullMarked;
