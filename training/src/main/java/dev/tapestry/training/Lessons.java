package dev.tapestry.training;

import dev.tapestry.consortium.Digest;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a model learns from, step by step: text, conversations, or answers that are preferred to
 * others. Which of it a step takes is a pure function of the plan's seed and the number of
 * sequences read, so that training resumes anywhere.
 */
public abstract sealed class Lessons
        permits TextLessons, ConversationLessons, PreferenceLessons, RewardLessons {

    /** All that a step may look at. */
    record Step(
            Llama model,
            LlamaGradient gradient,
            TrainingPlan plan,
            ProcessGroup group,
            Progress progress,
            @Nullable Anchor anchor) {

        /** Sequences of one pass of this process. */
        int perPass() {
            return plan.sequencesPerProcess(group.size()) / plan.accumulationSteps();
        }

        /** The number of sequence {@code i} of a pass of this process. */
        long number(int pass, int i) {
            int own = plan.sequencesPerProcess(group.size());
            return progress.sequences() + (long) group.rank() * own + (long) pass * perPass() + i;
        }
    }

    /**
     * What came of it.
     *
     * @param loss such that its mean over the processes is the step's
     * @param tokens that all processes learnt from
     * @param figures what else is worth telling, by name; of this process
     */
    record Learnt(double loss, long tokens, SortedMap<String, Double> figures) {

        Learnt {
            figures = Collections.unmodifiableSortedMap(new TreeMap<>(figures));
        }

        static Learnt of(double loss, long tokens) {
            return new Learnt(loss, tokens, new TreeMap<>());
        }
    }

    /** Refuses a plan with which nothing can be learnt from these. */
    abstract void check(TrainingPlan plan, LlamaConfig config);

    /** Adds this process' part of the step's gradient to the model's gradients. */
    abstract Learnt add(Step step);

    /** How much there is: processes that train together have equally much. */
    abstract long size();

    /** Of everything that is learnt from; what a checkpoint is bound to. */
    abstract Digest digest();
}
