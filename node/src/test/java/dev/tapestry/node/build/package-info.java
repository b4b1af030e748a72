/** Rules of builds that need no model. */
@NullMarked
package dev.tapestry.node.build;

import org.jspecify.annotations.NullMarked;
