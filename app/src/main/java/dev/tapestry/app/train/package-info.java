/** A node's job, trained outside of the node by the embedded engine. */
@NullMarked
package dev.tapestry.app.train;

import org.jspecify.annotations.NullMarked;
