/**
 * Who trains a round's steps: the engine in this process, or the member's own command under a file
 * contract. The only package of a node that starts processes.
 *
 * <p>{@link dev.tapestry.node.trainer.JobDirectory} has the contract's layout; {@code
 * docs/guide/own-trainer.md} describes it for those who write a trainer.
 */
@NullMarked
package dev.tapestry.node.trainer;

import org.jspecify.annotations.NullMarked;
