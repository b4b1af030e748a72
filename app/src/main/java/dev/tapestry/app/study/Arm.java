package dev.tapestry.app.study;

import dev.tapestry.consortium.MemberId;
import dev.tapestry.training.Device;
import dev.tapestry.training.Evaluation;
import dev.tapestry.training.Llama;
import dev.tapestry.training.Tokens;
import dev.tapestry.training.Trainer;
import dev.tapestry.training.TrainingPlan;
import dev.tapestry.weights.ModelDirectory;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * One arm of a comparison: the same start, text and tokens, trained one way.
 *
 * @param scheme who trains
 * @param recipe how a model learns
 * @param tokens of each member
 */
public record Arm(Scheme scheme, Recipe recipe, long tokens) {

    /** Who trains where all members' text is pooled. */
    private static final MemberId EVERYBODY = new MemberId("everybody");

    /**
     * What came out.
     *
     * @param bitsPerByte on each member's held-out text
     * @param uploaded bytes of weights that one member sent
     * @param downloaded bytes of weights that one member received
     * @param model where the trained model is; empty where each member has its own
     */
    public record Result(
            SortedMap<MemberId, Double> bitsPerByte,
            long uploaded,
            long downloaded,
            Optional<Path> model) {

        /** The mean over members, each counting the same. */
        public double mean() {
            return bitsPerByte.values().stream()
                    .mapToDouble(Double::doubleValue)
                    .average()
                    .orElseThrow();
        }
    }

    /**
     * What an arm is given.
     *
     * @param start a model whose weights are F32
     * @param train what each member trains on
     * @param heldOut what is scored, by the same members
     * @param scoredTokens of each held-out text
     * @param work an empty directory
     * @param seed of the data orders
     * @param threads of libtorch; with as many the result is the same
     * @param device to train and score on
     */
    public record Inputs(
            Path start,
            SortedMap<MemberId, Tokens> train,
            SortedMap<MemberId, Tokens> heldOut,
            long scoredTokens,
            Path work,
            long seed,
            int threads,
            Device device) {

        private SortedMap<MemberId, Double> score(Path model) {
            return score(model, heldOut);
        }

        /** On the held-out text of {@code member} alone; nothing where it has none. */
        private SortedMap<MemberId, Double> scoreOwn(Path model, MemberId member) {
            Tokens own = heldOut.get(member);
            return own == null ? new TreeMap<>() : score(model, new TreeMap<>(Map.of(member, own)));
        }

        private SortedMap<MemberId, Double> score(Path model, SortedMap<MemberId, Tokens> texts) {
            Evaluation evaluation =
                    new Evaluation(Recipe.SEQUENCE, 8, scoredTokens, Recipe.PRECISION, threads);
            SortedMap<MemberId, Double> losses = new TreeMap<>();
            try (ModelDirectory directory = ModelDirectory.open(model);
                    Llama llama = Llama.load(directory, device)) {
                texts.forEach((member, text) ->
                        losses.put(member, evaluation.of(llama, text).bitsPerByte()));
            }
            return losses;
        }
    }

    /** Trains and scores. */
    public Result run(Inputs inputs) {
        return switch (scheme) {
            case Scheme.Untrained() -> shared(inputs, inputs.start(), 0, 0);
            case Scheme.Central(Optional<Scheme.Rounds> outer) -> central(inputs, outer);
            case Scheme.Alone() -> alone(inputs);
            case Scheme.Loop(Scheme.Rounds rounds) ->
                    shared(
                            inputs,
                            new LoopSimulation(inputs.train(), ofOne(inputs), rounds)
                                    .run(inputs.start(), tokens, inputs.work()));
            case Scheme.Asynchronous asynchronous ->
                    shared(
                            inputs,
                            new AsynchronousSimulation(inputs.train(), ofOne(inputs), asynchronous)
                                    .run(inputs.start(), tokens, inputs.work()));
        };
    }

    /** The plan of one member among several. */
    private TrainingPlan ofOne(Inputs inputs) {
        return recipe.plan(1, tokens, inputs.seed(), inputs.threads()).withDevice(inputs.device());
    }

    private static Result shared(Inputs inputs, LoopSimulation.Outcome loop) {
        return shared(inputs, loop.model(), loop.uploaded(), loop.downloaded());
    }

    private Result central(Inputs inputs, Optional<Scheme.Rounds> outer) {
        int members = inputs.train().size();
        long total = tokens * members;
        TrainingPlan plan =
                recipe.plan(members, total, inputs.seed(), inputs.threads())
                        .withDevice(inputs.device());
        SortedMap<MemberId, Tokens> pooled = new TreeMap<>();
        pooled.put(
                EVERYBODY, new MixedTokens(List.copyOf(inputs.train().values()), Recipe.SEQUENCE));
        if (outer.isPresent()) {
            LoopSimulation around = new LoopSimulation(pooled, plan, outer.get());
            return shared(inputs, around.run(inputs.start(), total, inputs.work()).model(), 0, 0);
        }
        Path target = inputs.work().resolve("central");
        train(inputs.start(), pooled.get(EVERYBODY), plan, total, target);
        return shared(inputs, target, 0, 0);
    }

    private Result alone(Inputs inputs) {
        SortedMap<MemberId, Double> losses =
                eachForItself(inputs, inputs.start(), ofOne(inputs), tokens);
        return new Result(losses, 0, 0, Optional.empty());
    }

    /**
     * Each member trains on its own text, from the same model.
     *
     * @param tokens of each
     * @return bits per byte of each one's model on its own held-out text
     */
    static SortedMap<MemberId, Double> eachForItself(
            Inputs inputs, Path start, TrainingPlan plan, long tokens) {
        SortedMap<MemberId, Double> losses = new TreeMap<>();
        inputs.train()
                .forEach((member, text) -> {
                    Path target = inputs.work().resolve("alone-" + member);
                    train(start, text, plan, tokens, target);
                    losses.putAll(inputs.scoreOwn(target, member));
                });
        return losses;
    }

    private static Result shared(Inputs inputs, Path model, long uploaded, long downloaded) {
        return new Result(inputs.score(model), uploaded, downloaded, Optional.of(model));
    }

    /** Trains one model on one text. */
    private static void train(
            Path start, Tokens text, TrainingPlan plan, long tokens, Path target) {
        try (ModelDirectory model = ModelDirectory.open(start);
                Trainer trainer = Trainer.begin(model, plan, text)) {
            while (trainer.tokensSeen() < tokens) {
                trainer.step();
            }
            trainer.exportLike(model, target);
        }
    }
}
