package dev.tapestry.app.study;

import dev.tapestry.consortium.LocalTraining.Optimizer;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.corpus.PackedCorpus;
import dev.tapestry.corpus.TokenShard;
import dev.tapestry.training.Evaluation;
import dev.tapestry.training.LearningRateSchedule;
import dev.tapestry.training.Llama;
import dev.tapestry.training.OptimizerPlan;
import dev.tapestry.training.Precision;
import dev.tapestry.training.Tokens;
import dev.tapestry.training.Trainer;
import dev.tapestry.training.TrainingPlan;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.Drafts;
import dev.tapestry.weights.ModelConversion;
import dev.tapestry.weights.ModelDirectory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * One arm of a comparison: the same text and tokens, trained one way.
 *
 * @param kind who trains
 * @param learningRate peak rate of the hidden matrices
 * @param embeddingRate peak rate of embedding and norms, when the optimiser is Muon
 * @param embeddingEpsilon AdamW's epsilon for them
 * @param tokens of each member
 * @param batch sequences of each member in a step
 * @param steps local steps in a round of the loop
 * @param rule of the loop's merges
 * @param corpusTokens how much of each member's training text is used, from its beginning
 */
record StudyArm(
        Kind kind,
        Optimizer optimizer,
        double learningRate,
        double embeddingRate,
        double embeddingEpsilon,
        long tokens,
        int batch,
        int steps,
        MergeRule rule,
        long corpusTokens,
        long seed,
        int threads) {

    private static final int SEQUENCE = 128;
    private static final long SCORED_TOKENS = 40_000;
    private static final double DECAY = 0.01;
    private static final double FINAL_RATE = 0.1;

    /** Who trains. */
    enum Kind {
        /** Nobody: the base itself. */
        BASE,
        /** All members, with merges. */
        LOOP,
        /** One trainer with all members' text. */
        CENTRAL,
        /** Each member for itself. */
        ALONE
    }

    /** What came out, as one line of JSON. */
    private record Outcome(StudyArm arm, Map<String, Double> bitsPerByte, double mean) {}

    /**
     * Trains and scores.
     *
     * @param packed the members' packed corpora
     * @param keep where the model of a loop or of central training is left, if anywhere
     */
    String run(Path base, SortedMap<MemberId, Path> packed, Optional<Path> keep)
            throws IOException {
        SortedMap<MemberId, Tokens> train = new TreeMap<>();
        open(packed, PackedCorpus::trainFile)
                .forEach((member, text) -> train.put(member, new FirstTokens(text, corpusTokens)));
        SortedMap<MemberId, Tokens> heldOut = open(packed, PackedCorpus::heldOutFile);
        Path work = Files.createTempDirectory("study");
        try {
            Path start = work.resolve("start");
            try (ModelDirectory source = ModelDirectory.open(base)) {
                ModelConversion.convert(source, start, DType.F32, Long.MAX_VALUE);
            }
            SortedMap<String, Double> losses =
                    switch (kind) {
                        case BASE -> score(start, heldOut);
                        case LOOP -> {
                            Path last = loop(start, train, work);
                            if (keep.isPresent()) {
                                try (ModelDirectory model = ModelDirectory.open(last)) {
                                    ModelConversion.convert(
                                            model, keep.get(), DType.F32, Long.MAX_VALUE);
                                }
                            }
                            yield score(last, heldOut);
                        }
                        case CENTRAL -> central(start, train, heldOut, keep);
                        case ALONE -> alone(start, train, heldOut);
                    };
            double mean =
                    losses.values().stream()
                            .mapToDouble(Double::doubleValue)
                            .average()
                            .orElseThrow();
            return new String(
                    CanonicalJson.write(new Outcome(this, losses, mean)), StandardCharsets.UTF_8);
        } finally {
            Drafts.delete(work);
        }
    }

    private Path loop(Path start, SortedMap<MemberId, Tokens> train, Path work) {
        TrainingPlan plan = plan(batch, tokens);
        int rounds = Math.toIntExact(Math.ceilDiv(tokens, plan.tokensPerStep() * steps));
        return new LoopSimulation(train, plan, steps, rounds, rule).run(start, work);
    }

    private SortedMap<String, Double> central(
            Path start,
            SortedMap<MemberId, Tokens> train,
            SortedMap<MemberId, Tokens> heldOut,
            Optional<Path> keep) {
        long total = tokens * train.size();
        Tokens text = new MixedTokens(List.copyOf(train.values()), SEQUENCE);
        SortedMap<String, Double> losses = new TreeMap<>();
        try (ModelDirectory model = ModelDirectory.open(start);
                Trainer trainer = Trainer.begin(model, plan(batch * train.size(), total), text)) {
            train(trainer, total);
            keep.ifPresent(directory -> trainer.exportLike(model, directory));
            heldOut.forEach(
                    (member, shard) -> losses.put(member.value(), score(trainer.model(), shard)));
        }
        return losses;
    }

    private SortedMap<String, Double> alone(
            Path start, SortedMap<MemberId, Tokens> train, SortedMap<MemberId, Tokens> heldOut) {
        SortedMap<String, Double> losses = new TreeMap<>();
        heldOut.forEach((member, shard) -> {
            try (ModelDirectory model = ModelDirectory.open(start);
                    Trainer trainer =
                            Trainer.begin(
                                    model,
                                    plan(batch, tokens),
                                    train.getOrDefault(member, shard))) {
                train(trainer, tokens);
                losses.put(member.value(), score(trainer.model(), shard));
            }
        });
        return losses;
    }

    private static void train(Trainer trainer, long tokens) {
        while (trainer.tokensSeen() < tokens) {
            trainer.step();
        }
    }

    private SortedMap<String, Double> score(Path model, SortedMap<MemberId, Tokens> heldOut) {
        SortedMap<String, Double> losses = new TreeMap<>();
        try (ModelDirectory directory = ModelDirectory.open(model);
                Llama llama = Llama.load(directory)) {
            heldOut.forEach((member, shard) -> losses.put(member.value(), score(llama, shard)));
        }
        return losses;
    }

    private double score(Llama model, Tokens heldOut) {
        return new Evaluation(SEQUENCE, 8, SCORED_TOKENS, Precision.AUTO, threads)
                .of(model, heldOut)
                .bitsPerByte();
    }

    private TrainingPlan plan(int sequences, long totalTokens) {
        return new TrainingPlan(
                switch (optimizer) {
                    case ADAMW -> OptimizerPlan.AdamW.of(learningRate, DECAY);
                    case MUON ->
                            new OptimizerPlan.Muon(
                                    learningRate,
                                    0.95,
                                    DECAY,
                                    new OptimizerPlan.AdamW(
                                            embeddingRate, 0.9, 0.95, embeddingEpsilon, DECAY));
                },
                new LearningRateSchedule.Cosine(totalTokens / 50, totalTokens, FINAL_RATE),
                sequences,
                SEQUENCE,
                1.0,
                Precision.AUTO,
                seed,
                threads);
    }

    private static SortedMap<MemberId, Tokens> open(
            SortedMap<MemberId, Path> packed, java.util.function.UnaryOperator<Path> side) {
        SortedMap<MemberId, Tokens> texts = new TreeMap<>();
        packed.forEach(
                (member, path) -> texts.put(member, Tokens.of(TokenShard.open(side.apply(path)))));
        return texts;
    }
}
