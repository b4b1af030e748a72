/**
 * The demo: a whole consortium on one machine, with real processes, real text and a fair
 * comparison.
 */
@NullMarked
package dev.tapestry.app.demo;

import org.jspecify.annotations.NullMarked;
