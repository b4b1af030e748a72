/** Sovereign Build: a member makes a model of its own from any base, on its own machine only. */
@NullMarked
package dev.tapestry.node.build;

import org.jspecify.annotations.NullMarked;
