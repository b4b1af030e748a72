package dev.tapestry.node.build;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.LeftOutWhenEmpty;
import dev.tapestry.node.access.MemberChats.LeftOut;
import dev.tapestry.node.evaluation.EvaluationResult;
import dev.tapestry.node.evaluation.SuiteGate;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What a build came to.
 *
 * @param base digest of what it was made from
 * @param before how the base does
 * @param baseSuites how the base does with the plan's suites, if it names some
 * @param stages that were done, in order
 * @param stopped why it went no further, if a gate was broken
 * @param model where it lies, if no gate was broken
 */
public record BuildResult(
        Digest base,
        Loss before,
        @LeftOutWhenEmpty Optional<EvaluationResult> baseSuites,
        List<Done> stages,
        Optional<String> stopped,
        Optional<Path> model) {

    /**
     * One stage.
     *
     * @param title how it is called in reports
     * @param model digest of what it ended with
     * @param steps after which its model was written: those of the best score
     * @param tokens it was trained on until then
     * @param scores held-out losses on the way
     * @param reused whether it had been made before
     * @param leftOut what of its data was not learnt from, if there was any
     * @param after how its model does
     * @param suites how it does with the plan's suites, if it names some
     * @param gates about suites that it was held against
     */
    public record Done(
            String title,
            Digest model,
            long steps,
            long tokens,
            List<StageResult.Score> scores,
            boolean reused,
            @LeftOutWhenEmpty Optional<LeftOut> leftOut,
            Loss after,
            @LeftOutWhenEmpty Optional<EvaluationResult> suites,
            List<SuiteGate.Outcome> gates) {

        public Done {
            scores = List.copyOf(scores);
            gates = List.copyOf(gates);
        }

        static Done of(
                BuildStage stage,
                StageMaker.Made made,
                Loss after,
                Optional<EvaluationResult> suites,
                List<SuiteGate.Outcome> gates) {
            return new Done(
                    stage.title(),
                    made.digest(),
                    made.result().steps(),
                    made.result().tokens(),
                    made.result().scores(),
                    made.reused(),
                    made.leftOut(),
                    after,
                    suites,
                    gates);
        }
    }

    /**
     * Bits per byte on held-out text.
     *
     * @param own of the member
     * @param retained that the base knew, where the plan names some
     */
    public record Loss(double own, Optional<Double> retained) {

        /** Below every share that a plan asks for. */
        private static final double NOTHING_KEPT = -1e9;

        /** By how many per cent the loss on the own text is lower than before. */
        public double gainPercent(Loss before) {
            return 100 * (before.own - own) / before.own;
        }

        /**
         * How many per cent of a model's gain on the own text are kept. Of a model that gained
         * nothing all is kept by what is not worse than it, and nothing by any other.
         *
         * @param base how its base does
         * @param model how the model does
         */
        public double keptPercent(Loss base, Loss model) {
            double gain = base.own - model.own;
            if (!(gain > 0)) {
                return own <= model.own ? 100 : NOTHING_KEPT;
            }
            return 100 * (base.own - own) / gain;
        }

        /** By how many per cent the loss on the retained text is higher than before. */
        public Optional<Double> retentionLossPercent(Loss before) {
            return retained.flatMap(now -> before.retained.map(then -> 100 * (now - then) / then));
        }
    }

    public BuildResult {
        stages = List.copyOf(stages);
    }

    /** The loss of the last model. */
    public Loss after() {
        return stages.getLast().after();
    }

    /** By how many per cent the loss on the own text is lower than the base's. */
    public double gainPercent() {
        return after().gainPercent(before);
    }

    /** By how many per cent the loss on the retained text is higher than the base's. */
    public Optional<Double> retentionLossPercent() {
        return after().retentionLossPercent(before);
    }
}
