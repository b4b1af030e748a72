/**
 * A consortium in one process, on a virtual clock and virtual lines: what a merge rule, a codec or
 * a round's timing does before real members use it.
 *
 * <p>{@link dev.tapestry.app.study.simulation.SimulationPlan} says who the members are and which
 * variants are compared; {@link dev.tapestry.app.study.simulation.Simulation} runs one variant. The
 * rules of rounds ({@link dev.tapestry.consortium.Consortium}), validation, weighting, merges and
 * codecs are those of a coordinator, training and its carried state those of a node. Time, lines
 * and absences are drawn from the plan's seed, so that the same plan gives the same report to the
 * last byte. Signatures, the log and HTTP are left out.
 */
@NullMarked
package dev.tapestry.app.study.simulation;

import org.jspecify.annotations.NullMarked;
