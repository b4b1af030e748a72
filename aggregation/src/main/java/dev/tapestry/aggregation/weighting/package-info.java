/**
 * How much each member counts in a merge: the charter's weighting and its influence cap.
 *
 * <p>Everything here is a pure function of its arguments, evaluated in the order of member ids in
 * double precision, so that every member who knows the round's figures finds the same weights to
 * the last bit.
 */
@NullMarked
package dev.tapestry.aggregation.weighting;

import org.jspecify.annotations.NullMarked;
