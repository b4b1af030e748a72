package dev.tapestry.node.evaluation;

import dev.tapestry.consortium.Digest;
import dev.tapestry.node.Compute;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeProgress;
import dev.tapestry.node.NodeUpdate;
import dev.tapestry.node.StopSignal;
import dev.tapestry.training.Tokens;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.weights.Manifests;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongConsumer;

/**
 * Gives suites to models, on this machine only. The same model, suites, seed, precision and number
 * of threads give the same result.
 */
public final class EvaluationRun {

    private final Compute compute;
    private final NodeProgress progress;
    private final StopSignal stop;
    private final InstantSource clock;

    /** Scores with this compute. */
    public EvaluationRun(
            Compute compute, NodeProgress progress, StopSignal stop, InstantSource clock) {
        this.compute = compute;
        this.progress = progress;
        this.stop = stop;
        this.clock = clock;
    }

    /**
     * Text that a model was trained on.
     *
     * @param tokens of the model's tokenizer
     * @param digest of them
     */
    public record Trained(Tokens tokens, Digest digest) {}

    /**
     * Gives suites to a model.
     *
     * @param model a model directory with {@code tokenizer.json}
     * @param book what is known already, and takes what is new
     * @throws NodeException {@code WRONG_MODEL}; {@code STOPPED}; {@code STORAGE}
     * @throws dev.tapestry.training.TrainingException {@code NON_FINITE}: the weights are damaged
     */
    public EvaluationResult of(
            Path model,
            List<Suite> suites,
            long seed,
            Optional<Trained> training,
            ResultBook book) {
        if (!Files.isDirectory(model)) {
            throw new NodeException(Code.WRONG_MODEL, "there is no model directory " + model);
        }
        Digest digest = CanonicalJson.digest(Manifests.of(model));
        List<SuiteResult> results = new ArrayList<>();
        for (Suite suite : suites) {
            ResultBook.Question question =
                    new ResultBook.Question(
                            digest,
                            suite.digest(),
                            EvaluationResult.RUNNER,
                            compute.precision(),
                            seed,
                            suite.asksAboutTraining()
                                    ? training.map(Trained::digest)
                                    : Optional.empty());
            results.add(
                    book.known(question)
                            .orElseGet(() -> {
                                SuiteResult result = ask(model, suite, seed, training);
                                book.keep(question, result);
                                return result;
                            }));
        }
        return new EvaluationResult(
                digest,
                EvaluationResult.RUNNER,
                compute.precision(),
                seed,
                ModelTemplate.name(model),
                training.map(Trained::digest),
                results);
    }

    private SuiteResult ask(Path model, Suite suite, long seed, Optional<Trained> training) {
        stop.check();
        LongConsumer told =
                done -> {
                    stop.check();
                    progress.on(
                            new NodeUpdate.Advanced(
                                    clock.instant(), NodeUpdate.Phase.SCORING, 0, done));
                };
        List<TaskResult> results = new ArrayList<>();
        try (Subject subject =
                Subject.load(model, compute, told, training.map(Trained::tokens), seed)) {
            for (OpenTask task : suite.tasks()) {
                stop.check();
                progress.on(
                        new NodeUpdate.Began(
                                clock.instant(),
                                NodeUpdate.Phase.SCORING,
                                0,
                                "%s, %s of suite %s"
                                        .formatted(
                                                model.getFileName(), task.name(), suite.name())));
                results.add(task.ask(subject));
            }
        }
        return new SuiteResult(suite.name(), suite.digest(), suite.licence(), results);
    }
}
