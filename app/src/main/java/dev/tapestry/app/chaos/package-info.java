/**
 * Kills parts of a consortium of real processes at chosen moments and at random ones, and compares
 * what comes out with a run that nobody disturbed.
 */
@NullMarked
package dev.tapestry.app.chaos;

import org.jspecify.annotations.NullMarked;
