/** Programs of this platform as processes of their own, and what they tell of themselves. */
@NullMarked
package dev.tapestry.app.process;

import org.jspecify.annotations.NullMarked;
