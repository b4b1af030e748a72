package dev.tapestry.node.trainer;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.LeftOutWhenEmpty;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.PrimalAveraging;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.protocol.Protocol;
import dev.tapestry.node.NodeConfig;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.access.OpenText;
import dev.tapestry.training.LearningRateSchedule;
import dev.tapestry.training.OptimizerPlan;
import dev.tapestry.training.Precision;
import dev.tapestry.training.Tokens;
import dev.tapestry.training.TrainingPlan;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;

/**
 * {@code job.json}: all that a trainer must know of a round. Two jobs whose bytes are equal ask for
 * the same weights.
 *
 * @param protocol version of this contract
 * @param round its number
 * @param member who trains
 * @param plan digest of the round's plan
 * @param base digest of the base from which to train
 * @param corpus which text; empty where it lies elsewhere, and whoever trains has to say
 * @param steps optimiser steps in this round
 * @param tokens to train on in this round: steps · batchSequences · sequenceLength
 * @param batchSequences sequences in a batch
 * @param sequenceLength tokens in a sequence
 * @param seed of the order of the data
 * @param optimizer with its hyper-parameters
 * @param clipNorm longest gradient, in the L2 norm over all weights
 * @param schedule of the learning rate over tokens
 * @param scheduleTokens where the schedule is before the first step
 * @param precision of matrix products, never {@code AUTO}
 * @param threads that the node's settings give to training
 * @param deadline when the round closes; a later result is of no use
 * @param averaging around the optimiser; empty for none. The result is then x
 * @param gradients what is asked beside weights; empty for nothing
 */
public record TrainingJob(
        int protocol,
        RoundNumber round,
        MemberId member,
        Digest plan,
        Digest base,
        @LeftOutWhenEmpty Optional<Corpus> corpus,
        int steps,
        long tokens,
        int batchSequences,
        int sequenceLength,
        long seed,
        OptimizerPlan optimizer,
        double clipNorm,
        LearningRateSchedule schedule,
        long scheduleTokens,
        Precision precision,
        int threads,
        Instant deadline,
        @LeftOutWhenEmpty Optional<PrimalAveraging> averaging,
        @LeftOutWhenEmpty Optional<MeanGradient> gradients) {

    public TrainingJob {
        if (steps < 1 || batchSequences < 1 || sequenceLength < 1) {
            throw new IllegalArgumentException(
                    "steps, batchSequences and sequenceLength are at least 1, not %d, %d and %d"
                            .formatted(steps, batchSequences, sequenceLength));
        }
    }

    /**
     * The training part of the member's text.
     *
     * @param pack another tokenizer, card, split or text has another name
     * @param tokens in the shard, ends of documents included
     * @param bytes of UTF-8 that they stand for
     * @param card digest of its card; empty where whoever wrote this knows none
     */
    public record Corpus(
            String pack, long tokens, long bytes, @LeftOutWhenEmpty Optional<Digest> card) {

        public Corpus {
            if (tokens < 1 || bytes < 1) {
                throw new IllegalArgumentException("a corpus has at least 1 token of 1 byte");
            }
        }

        /** What may be trained on of a text. */
        public static Corpus of(OpenText text) {
            Tokens train = text.train();
            return new Corpus(text.pack(), train.count(), train.bytes(), Optional.of(text.card()));
        }
    }

    /** The same job on a text. */
    public TrainingJob on(Corpus text) {
        return new TrainingJob(
                protocol,
                round,
                member,
                plan,
                base,
                Optional.of(text),
                steps,
                tokens,
                batchSequences,
                sequenceLength,
                seed,
                optimizer,
                clipNorm,
                schedule,
                scheduleTokens,
                precision,
                threads,
                deadline,
                averaging,
                gradients);
    }

    /** Whether both ask for the same work, whatever machines and texts they were made for. */
    public boolean sameWork(TrainingJob other) {
        return round.equals(other.round)
                && member.equals(other.member)
                && plan.equals(other.plan)
                && base.equals(other.base)
                && steps == other.steps
                && tokens == other.tokens;
    }

    /**
     * The mean of the round's gradients is asked: of those of all steps, before they are corrected
     * and clipped.
     *
     * @param corrected whether {@code correction/} lies in the directory: what is added to every
     *     gradient before it is clipped
     */
    public record MeanGradient(boolean corrected) {}

    /** What a round asks for, with what the node's settings say of the machine. */
    public static TrainingJob of(RoundTask task, NodeConfig config, Optional<Corpus> text) {
        TrainingPlan plan = task.plan(config.compute());
        return new TrainingJob(
                Protocol.VERSION,
                task.round(),
                config.member(),
                task.planDigest(),
                task.announced().base(),
                text,
                task.count(),
                task.count() * plan.tokensPerStep(),
                plan.sequencesPerStep(),
                plan.sequenceLength(),
                plan.seed(),
                plan.optimizer(),
                plan.clipNorm(),
                plan.schedule(),
                task.scheduleTokens(),
                plan.precision().resolved(),
                plan.threads(),
                task.deadline(),
                plan.averaging(),
                task.gradients().map(asked -> new MeanGradient(asked.correction().isPresent())));
    }

    /**
     * Reads {@code job.json}.
     *
     * @throws NodeException {@code CONFIG_INVALID} if it is missing, malformed, or of another
     *     version of the contract
     */
    public static TrainingJob read(Path file) {
        try {
            TrainingJob job = JobFiles.read(file, TrainingJob.class);
            if (job.protocol != Protocol.VERSION) {
                throw new NodeException(
                        Code.CONFIG_INVALID,
                        "%s is of protocol %d; this program speaks %d: upgrade the older one"
                                .formatted(file, job.protocol, Protocol.VERSION));
            }
            return job;
        } catch (TrustException e) {
            throw new NodeException(Code.CONFIG_INVALID, file + ": " + e.getMessage(), e);
        }
    }

    /** As it stands in {@code job.json}. */
    public byte[] bytes() {
        return CanonicalJson.write(this);
    }

    /** What the embedded engine makes of it, with other threads if so wished. */
    public TrainingPlan trainingPlan(int count) {
        return new TrainingPlan(
                        optimizer,
                        schedule,
                        batchSequences,
                        sequenceLength,
                        clipNorm,
                        precision,
                        seed,
                        count)
                .withAveraging(averaging);
    }
}
