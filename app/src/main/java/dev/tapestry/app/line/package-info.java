/** Lines between the programs of one machine that are slow, distant or broken. */
@NullMarked
package dev.tapestry.app.line;

import org.jspecify.annotations.NullMarked;
