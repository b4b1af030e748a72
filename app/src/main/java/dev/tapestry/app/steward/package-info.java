/** What a consortium's steward says to the running coordinator. */
@NullMarked
package dev.tapestry.app.steward;

import org.jspecify.annotations.NullMarked;
