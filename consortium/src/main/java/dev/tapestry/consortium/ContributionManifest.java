package dev.tapestry.consortium;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What a node signs when it contributes to a round.
 *
 * @param round the round it is for
 * @param member who contributes
 * @param base digest of the base it was trained from
 * @param plan digest of the round plan's canonical JSON
 * @param weights the safetensors files of the contributed weights
 * @param update the file that is sent in their place, and with the base gives them; empty where
 *     they are sent themselves
 * @param gradient its mean gradient in this round, where the plan has members share them
 * @param tokens tokens it was trained on in this round
 * @param steps optimiser steps taken in this round
 * @param trainingBitsPerByte mean training loss of the round
 * @param grounds what the member relied on; a coordinator takes no manifest without
 */
public record ContributionManifest(
        RoundNumber round,
        MemberId member,
        Digest base,
        Digest plan,
        ModelManifest weights,
        Optional<CodedFile> update,
        Optional<CodedFile> gradient,
        long tokens,
        int steps,
        double trainingBitsPerByte,
        @LeftOutWhenEmpty Optional<Grounds> grounds) {

    public ContributionManifest {
        if (tokens < 1 || steps < 1) {
            throw new IllegalArgumentException(
                    "a contribution was trained on at least 1 token in 1 step, not "
                            + tokens
                            + " tokens in "
                            + steps
                            + " steps");
        }
        if (!Double.isFinite(trainingBitsPerByte) || trainingBitsPerByte < 0) {
            throw new IllegalArgumentException(
                    "trainingBitsPerByte is a finite number, not " + trainingBitsPerByte);
        }
        if (weights.files().isEmpty()) {
            throw new IllegalArgumentException("a contribution has at least one file of weights");
        }
        sent(weights, update, gradient); // no two files with one name
    }

    /** A contribution that sends its weights themselves, and does not say yet what it relies on. */
    public ContributionManifest(
            RoundNumber round,
            MemberId member,
            Digest base,
            Digest plan,
            ModelManifest weights,
            long tokens,
            int steps,
            double trainingBitsPerByte) {
        this(
                round,
                member,
                base,
                plan,
                weights,
                Optional.empty(),
                Optional.empty(),
                tokens,
                steps,
                trainingBitsPerByte);
    }

    /** A contribution that does not say yet what it relies on. */
    public ContributionManifest(
            RoundNumber round,
            MemberId member,
            Digest base,
            Digest plan,
            ModelManifest weights,
            Optional<CodedFile> update,
            Optional<CodedFile> gradient,
            long tokens,
            int steps,
            double trainingBitsPerByte) {
        this(
                round,
                member,
                base,
                plan,
                weights,
                update,
                gradient,
                tokens,
                steps,
                trainingBitsPerByte,
                Optional.empty());
    }

    /** The same on these grounds. */
    public ContributionManifest on(Optional<Grounds> known) {
        return new ContributionManifest(
                round,
                member,
                base,
                plan,
                weights,
                update,
                gradient,
                tokens,
                steps,
                trainingBitsPerByte,
                known);
    }

    /** The files that are sent. */
    public ModelManifest sent() {
        return sent(weights, update, gradient);
    }

    private static ModelManifest sent(
            ModelManifest weights, Optional<CodedFile> update, Optional<CodedFile> gradient) {
        List<ModelManifest.File> files =
                update.map(coded -> List.of(coded.file())).orElse(weights.files());
        return new ModelManifest(
                Stream.concat(files.stream(), gradient.map(CodedFile::file).stream()).toList());
    }
}
