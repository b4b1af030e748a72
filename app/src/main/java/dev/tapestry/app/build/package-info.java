/** Pages about Sovereign Builds. */
@NullMarked
package dev.tapestry.app.build;

import org.jspecify.annotations.NullMarked;
