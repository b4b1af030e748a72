package dev.tapestry.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.CodecName;
import dev.tapestry.consortium.CodedFile;
import dev.tapestry.consortium.ContributionManifest;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.ModelManifest;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.consortium.Wire;
import dev.tapestry.consortium.protocol.ModelUpdate;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.UploadStatus;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.weights.Drafts;
import dev.tapestry.weights.Manifests;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.codec.Codec;
import dev.tapestry.weights.codec.CodedUpdate;
import dev.tapestry.weights.codec.Feedback;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** A member that sends coded updates, each by itself and without a residual. */
record CodedMember(TestMember member) {

    /**
     * A coded update.
     *
     * @param file as the encoder wrote it
     * @param weights manifest of what it gives
     */
    record Coded(Path file, ModelManifest weights) {
        CodedFile named(String codec) {
            return new CodedFile(new CodecName(codec), Manifests.file(file));
        }
    }

    Coded encode(RoundPlan plan, Codec codec, long seed) {
        Path folder =
                member.folder.resolve("coded-%s-%s-%d".formatted(plan.round(), codec.name(), seed));
        try {
            Drafts.delete(folder);
            Files.createDirectories(folder);
            Path file = folder.resolve(CodedFile.UPDATE);
            try (ModelDirectory base = ModelDirectory.open(member.fetch(plan.base()));
                    ModelDirectory trained = ModelDirectory.open(member.train(plan, seed))) {
                CodedUpdate.encode(codec, base, trained, Feedback.none(), file, 1);
                CodedUpdate.apply(file, base, folder.resolve("decoded"), 1);
            }
            return new Coded(file, TinyModels.weights(folder.resolve("decoded")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    ContributionManifest manifest(RoundView view, Coded coded, CodedFile file) {
        RoundPlan plan = view.plan().orElseThrow();
        return new ContributionManifest(
                        plan.round(),
                        member.id,
                        plan.base(),
                        view.planDigest().orElseThrow(),
                        coded.weights(),
                        Optional.of(file),
                        Optional.empty(),
                        plan.training().tokensPerRound(),
                        plan.training().steps(),
                        2.5)
                .on(Optional.of(member.grounds()));
    }

    Answer contribute(RoundView view, Codec codec, long seed) {
        return contribute(
                view,
                encode(view.plan().orElseThrow(), codec, seed),
                codec.wireName(),
                UnaryOperator.identity());
    }

    Answer contribute(
            RoundView view, Coded coded, String codec, UnaryOperator<ContributionManifest> change) {
        ContributionManifest manifest = change.apply(manifest(view, coded, coded.named(codec)));
        int round = view.plan().orElseThrow().round().value();
        Answer begun = member.post(round, member.signed(manifest));
        if (begun.status() != 200) {
            return begun;
        }
        UploadStatus status = begun.as(200, UploadStatus.class);
        member.send(manifest.sent(), coded.file().resolveSibling("."), status.missing());
        return member.seal(round, status.contribution());
    }

    /** Makes a model of its base by the update that the coordinator serves; its digest. */
    Digest byUpdate(Digest model) {
        ModelUpdate update =
                member.client.get("/v1/models/" + model + "/update").as(200, ModelUpdate.class);
        Path folder = member.folder.resolve("updates").resolve(model.hex());
        try {
            Files.createDirectories(folder);
            Path file = folder.resolve(CodedFile.UPDATE);
            Files.write(file, new byte[0]);
            for (ModelManifest.Part part : update.update().file().parts()) {
                byte[] bytes = member.client.get("/v1/parts/" + part.digest()).body();
                assertThat(Digest.of(bytes)).isEqualTo(part.digest());
                Files.write(file, bytes, StandardOpenOption.APPEND);
            }
            try (ModelDirectory base = ModelDirectory.open(member.fetch(update.base()))) {
                CodedUpdate.apply(file, base, folder.resolve("model"), 1);
            }
            return CanonicalJson.digest(Manifests.of(folder.resolve("model")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Wire down(Codec codec) {
        return new Wire(Optional.empty(), Optional.of(new CodecName(codec.wireName())));
    }

    static Wire both(Codec up, Codec down) {
        return new Wire(wire(up).up(), down(down).down());
    }

    static Wire wire(Codec up) {
        return new Wire(Optional.of(new CodecName(up.wireName())), Optional.empty());
    }
}
