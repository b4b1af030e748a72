package dev.tapestry.app.study.robustness;

import dev.tapestry.app.study.Update;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * What a bad member knows when it forges its contribution to a round.
 *
 * @param own the update that its own training gave
 * @param together the same of all bad members, its own among them, by member id
 * @param past its own trained updates of the rounds before, oldest first
 * @param steps what the merges of the rounds before made of their bases, θₜ − θₜ₊₁, oldest first
 * @param random drawn alike in every run of the trial
 */
record Knowledge(
        Update own,
        List<Update> together,
        List<Update> past,
        List<Update> steps,
        SplittableRandom random) {

    Knowledge {
        together = List.copyOf(together);
        past = List.copyOf(past);
        steps = List.copyOf(steps);
    }

    /**
     * What it takes honest updates to look like: the trained ones of all bad members, and the last
     * step, which is near the mean of everybody's.
     */
    List<Update> sample() {
        List<Update> sample = new ArrayList<>(together);
        if (!steps.isEmpty()) {
            sample.add(steps.getLast());
        }
        return sample;
    }
}
