/**
 * Evaluation suites: what a model can do, refuses, remembers and values, measured at the member and
 * nowhere else.
 *
 * <p>A suite is a directory with {@code suite.yaml} and the files that its tasks read; its digest
 * is over all of them, so that a result says what was asked, to the last comma.
 */
@NullMarked
package dev.tapestry.node.evaluation;

import org.jspecify.annotations.NullMarked;
