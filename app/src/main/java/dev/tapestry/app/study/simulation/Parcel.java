package dev.tapestry.app.study.simulation;

import dev.tapestry.consortium.CodecName;
import dev.tapestry.consortium.CodedFile;
import dev.tapestry.consortium.ContributionManifest;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.ModelManifest;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.consortium.SharedGradients;
import dev.tapestry.node.build.TrainingRun;
import dev.tapestry.weights.Manifests;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.codec.Codec;
import dev.tapestry.weights.codec.CodedUpdate;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A contribution as it is sent.
 *
 * @param manifest by which it is offered
 * @param weights directory of what the coordinator will have
 * @param residual what coding the update has lost; empty where whole weights are sent
 * @param gradient the coded mean gradient; empty where members share none
 */
record Parcel(
        ContributionManifest manifest,
        Path weights,
        Optional<Path> residual,
        Optional<Path> gradient) {

    /**
     * What a member has trained.
     *
     * @param folder where all of it lies
     * @param result of the training
     */
    record Trained(Path folder, TrainingRun.Result result) {

        /** Where a training in {@code folder} puts its weights. */
        static Path weights(Path folder) {
            return folder.resolve("weights");
        }

        /** Where it puts its mean gradient. */
        static Path gradient(Path folder) {
            return folder.resolve("mean-gradient");
        }
    }

    /**
     * Packs by a round's plan.
     *
     * @param planned digest of the plan
     * @param base directory of the model from which it was trained
     * @param lost what coding earlier contributions has lost
     */
    static Parcel of(
            RoundPlan plan,
            Digest planned,
            MemberId member,
            Trained trained,
            Path base,
            Optional<Path> lost) {
        Path weights = Trained.weights(trained.folder());
        Optional<CodedChange> change =
                plan.up().map(codec -> change(codec, base, weights, lost, trained.folder()));
        Path seen = change.map(CodedChange::seen).orElse(weights);
        Optional<Path> gradient =
                plan.gradients().map(shared -> gradient(shared.codec(), trained.folder()));
        ContributionManifest manifest =
                new ContributionManifest(
                        plan.round(),
                        member,
                        plan.base(),
                        planned,
                        weightsOnly(seen),
                        coded(plan.up(), change.map(CodedChange::update)),
                        coded(plan.gradients().map(SharedGradients::codec), gradient),
                        trained.result().tokens(),
                        trained.result().steps(),
                        trained.result().bitsPerByte());
        return new Parcel(manifest, seen, change.map(CodedChange::residual), gradient);
    }

    private static CodedChange change(
            CodecName codec, Path base, Path weights, Optional<Path> lost, Path folder) {
        try (ModelDirectory before = ModelDirectory.open(base)) {
            return CodedChange.of(codec, before, weights, lost, folder);
        }
    }

    private static Path gradient(CodecName codec, Path folder) {
        Path file = folder.resolve(CodedFile.GRADIENT);
        CodedUpdate.encodeAfresh(Codec.named(codec.value()), Trained.gradient(folder), file, 1);
        return file;
    }

    private static ModelManifest weightsOnly(Path model) {
        List<ModelManifest.File> files =
                Manifests.of(model).files().stream()
                        .filter(file -> file.path().endsWith(".safetensors"))
                        .toList();
        return new ModelManifest(files);
    }

    private static Optional<CodedFile> coded(Optional<CodecName> codec, Optional<Path> file) {
        return codec.flatMap(name -> file.map(path -> new CodedFile(name, Manifests.file(path))));
    }
}
