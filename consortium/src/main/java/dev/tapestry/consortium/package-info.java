/**
 * The rules of a consortium: members, charter, rounds, contributions and the shared base.
 *
 * <p>Nothing here reads a file, a clock, a network or a random number: the same events give the
 * same state everywhere, so these rules can be read by a lawyer, simulated by a seed and replayed
 * by an auditor.
 */
@NullMarked
package dev.tapestry.consortium;

import org.jspecify.annotations.NullMarked;
