/** Experiments on one machine: the loop in one process, to tune settings and to compare designs. */
@NullMarked
package dev.tapestry.app.study;

import org.jspecify.annotations.NullMarked;
