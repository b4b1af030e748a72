/**
 * A node's part in the Shared-Base Loop: receive the base, check the policy, train, contribute,
 * score the candidate, and believe a published base only when the coordinator's log proves it.
 *
 * <p>Every step leaves its result on disk before the next begins, so that a node killed anywhere
 * goes on from there.
 */
@NullMarked
package dev.tapestry.node.round;

import org.jspecify.annotations.NullMarked;
