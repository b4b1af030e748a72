package dev.tapestry.training;

/**
 * How far a training has come.
 *
 * @param steps optimiser steps
 * @param sequences sequences read: the place in the data
 * @param tokens tokens trained on
 * @param scheduleTokens where the learning rate's schedule is
 */
record Progress(long steps, long sequences, long tokens, long scheduleTokens) {

    static final Progress START = new Progress(0, 0, 0, 0);

    Progress after(TrainingPlan plan) {
        return new Progress(
                steps + 1,
                sequences + plan.sequencesPerStep(),
                tokens + plan.tokensPerStep(),
                scheduleTokens + plan.tokensPerStep());
    }

    Progress withScheduleTokens(long position) {
        return new Progress(steps, sequences, tokens, position);
    }
}
