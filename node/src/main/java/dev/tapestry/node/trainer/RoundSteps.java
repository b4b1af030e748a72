package dev.tapestry.node.trainer;

import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.training.TrainingPlan;

/**
 * The steps of a round.
 *
 * @param round its number
 * @param plan of the training
 * @param count how many steps there are
 * @param scheduleTokens where the learning rate's schedule is at the round's beginning
 * @param ahead of the steps, those before the base is needed: they begin from the weights that the
 *     round before ended with, if this node trained in it
 */
public record RoundSteps(
        RoundNumber round, TrainingPlan plan, int count, long scheduleTokens, int ahead) {}
