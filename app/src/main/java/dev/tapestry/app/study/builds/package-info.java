/** What builds by plan gain: beside their base, and beside training alone from random weights. */
@NullMarked
package dev.tapestry.app.study.builds;

import org.jspecify.annotations.NullMarked;
