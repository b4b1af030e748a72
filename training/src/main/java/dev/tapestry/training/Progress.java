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

    /** After a step on {@code plan}'s number of sequences, which held so many tokens. */
    Progress after(TrainingPlan plan, long learnt) {
        return new Progress(
                steps + 1,
                sequences + plan.sequencesPerStep(),
                tokens + learnt,
                scheduleTokens + learnt);
    }

    Progress withScheduleTokens(long position) {
        return new Progress(steps, sequences, tokens, position);
    }
}
