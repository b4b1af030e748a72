/**
 * How a consortium moves its coordinator: by the signatures of more than half of its members under
 * one document, whoever the old coordinator is and whatever it wants.
 */
@NullMarked
package dev.tapestry.trust.move;

import org.jspecify.annotations.NullMarked;
