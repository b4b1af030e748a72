/** What is carried to a machine without a network. */
@NullMarked
package dev.tapestry.node.box;

import org.jspecify.annotations.NullMarked;
