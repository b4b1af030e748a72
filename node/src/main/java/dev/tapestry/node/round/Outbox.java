package dev.tapestry.node.round;

import dev.tapestry.consortium.ContributionManifest;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.protocol.Protocol;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.build.TrainingRun;
import dev.tapestry.node.trainer.TrainedNote;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.signature.Envelope;
import dev.tapestry.trust.signature.SigningKey;
import dev.tapestry.weights.Drafts;
import dev.tapestry.weights.Manifests;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Contributions that were trained and signed but perhaps not admitted yet.
 *
 * <p>{@code outbox/round-N/weights/}, or {@code update/} with {@code residual.safetensors}, is
 * whole before {@code contribution.json}, the signed manifest, appears beside it: where there is a
 * signed manifest, there is nothing left to train. Before that {@code trained.json} says that the
 * weights, and the gradient if one is asked, are whole: what is left then is to pack them.
 */
final class Outbox {

    private static final String WEIGHTS = "weights";
    private static final String UPDATE = "update";
    private static final String RESIDUAL = "residual.safetensors";
    private static final String GRADIENT = "gradient";
    private static final String ENVELOPE = "contribution.json";

    private final NodeHome home;
    private final SigningKey key;

    /** A signed contribution and where the files are that are sent. */
    record Parcel(Envelope envelope, ContributionManifest manifest, Path files) {

        /** How much is sent, for people. */
        String size() {
            return "%,d bytes".formatted(manifest.sent().bytes());
        }

        /** Names the contribution, in the log too. */
        Digest contribution() {
            return Digest.of(envelope.bytes());
        }
    }

    /**
     * Where the files of a contribution are.
     *
     * @param weights a folder for what was trained
     * @param update a folder for its coded update
     * @param residual a file for what coding lost
     * @param gradient a folder for the mean gradient before it is coded
     */
    record Place(Path weights, Path update, Path residual, Path gradient) {}

    Outbox(NodeHome home, SigningKey key) {
        this.home = home;
        this.key = key;
    }

    /** The contribution that was made for this round by this plan, if there is one. */
    Optional<Parcel> find(RoundNumber round, Digest plan) {
        return find(round).filter(parcel -> parcel.manifest().plan().equals(plan));
    }

    /** The contribution that was made for this round, if there is one. */
    Optional<Parcel> find(RoundNumber round) {
        Path file = home.outbox(round).resolve(ENVELOPE);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            Envelope envelope = Envelope.parse(Files.readAllBytes(file));
            ContributionManifest manifest =
                    envelope.open(
                            Protocol.CONTRIBUTION_TYPE,
                            key.verifyingKey(),
                            ContributionManifest.class);
            Parcel parcel = parcel(envelope, manifest);
            return isIntact(parcel) ? Optional.of(parcel) : Optional.empty();
        } catch (TrustException e) {
            // Written by another key, or damaged: it is trained anew.
            return Optional.empty();
        } catch (IOException e) {
            throw new NodeException(Code.STORAGE, "cannot read " + file + ": " + e, e);
        }
    }

    /** Reads what is sent: of a file that the disk has changed no part would ever be taken. */
    private static boolean isIntact(Parcel parcel) {
        return Files.isDirectory(parcel.files())
                && Manifests.verify(parcel.files(), parcel.manifest().sent()).stream()
                        .allMatch(
                                problem -> problem.difference() == Manifests.Difference.UNEXPECTED);
    }

    /** Where a round's mean gradient is to be written, before it is coded. */
    Path gradient(RoundNumber round) {
        return place(round).gradient();
    }

    /** Where a round's contribution is to be written; empty now. */
    Place empty(RoundNumber round) {
        drop(home.outbox(round));
        try {
            Files.createDirectories(home.outbox(round));
            // What coding lost lies there alone: its folder must not be gone after a power cut.
            Drafts.syncFolder(home.outbox());
            Drafts.syncFolder(home.directory());
        } catch (IOException e) {
            throw new NodeException(Code.STORAGE, "cannot make the outbox: " + e, e);
        }
        return place(round);
    }

    /** What training this task in this round gave, if it was done and its files are here. */
    Optional<TrainingRun.Result> trained(RoundNumber round, String task) {
        return TrainedNote.in(home.outbox(round)).of(task);
    }

    /** The weights, and the gradient if one is asked, are written. */
    void noteTrained(RoundNumber round, String task, TrainingRun.Result result) {
        TrainedNote.in(home.outbox(round)).write(task, result);
    }

    /**
     * Where a round's contribution is to be written that is trained, and packed in part at most.
     */
    Place unpacked(RoundNumber round) {
        Place place = place(round);
        drop(place.update());
        drop(place.residual());
        return place;
    }

    /** Signs the contribution whose files are written; of weights that are not sent none stay. */
    Parcel sign(ContributionManifest manifest) {
        Envelope envelope = Envelope.seal(Protocol.CONTRIBUTION_TYPE, manifest, key);
        SafeFile.write(home.outbox(manifest.round()).resolve(ENVELOPE), envelope.bytes());
        drop(TrainedNote.in(home.outbox(manifest.round())).file());
        Place place = place(manifest.round());
        if (manifest.update().isPresent()) {
            drop(place.weights());
        }
        drop(place.gradient());
        return parcel(envelope, manifest);
    }

    /**
     * A file of a contribution that is still here.
     *
     * @param contribution digest of its envelope
     * @param places where the file may be
     */
    Optional<Path> fileOf(Digest contribution, Function<Place, Stream<Path>> places) {
        return rounds().stream()
                .filter(round -> isEnvelope(round.resolve(ENVELOPE), contribution))
                .flatMap(round -> places.apply(place(round)))
                .filter(Files::exists)
                .findFirst();
    }

    private static boolean isEnvelope(Path file, Digest digest) {
        try {
            return Files.exists(file) && Digest.of(Files.readAllBytes(file)).equals(digest);
        } catch (IOException e) {
            throw new NodeException(Code.STORAGE, "cannot read " + file + ": " + e, e);
        }
    }

    /** Forgets what was made for a round: it is not wanted, or too late. */
    void drop(RoundNumber round) {
        drop(home.outbox(round));
    }

    /** Forgets all rounds before {@code round}: they are over. */
    void dropBefore(RoundNumber round) {
        rounds().stream().filter(path -> number(path) < round.value()).forEach(Outbox::drop);
    }

    private List<Path> rounds() {
        if (!Files.isDirectory(home.outbox())) {
            return List.of();
        }
        try (Stream<Path> rounds = Files.list(home.outbox())) {
            return rounds.toList();
        } catch (IOException e) {
            throw new NodeException(Code.STORAGE, "cannot read the outbox: " + e, e);
        }
    }

    private static int number(Path path) {
        String name = path.getFileName().toString();
        return name.matches("round-[0-9]{1,9}")
                ? Integer.parseInt(name.substring("round-".length()))
                : Integer.MAX_VALUE;
    }

    private Parcel parcel(Envelope envelope, ContributionManifest manifest) {
        Place place = place(manifest.round());
        return new Parcel(
                envelope,
                manifest,
                manifest.update().isPresent() ? place.update() : place.weights());
    }

    private Place place(RoundNumber round) {
        return place(home.outbox(round));
    }

    private static Place place(Path folder) {
        return new Place(
                folder.resolve(WEIGHTS),
                folder.resolve(UPDATE),
                folder.resolve(RESIDUAL),
                folder.resolve(GRADIENT));
    }

    private static void drop(Path directory) {
        try {
            Drafts.delete(directory);
        } catch (IOException e) {
            throw new NodeException(Code.STORAGE, "cannot clear " + directory + ": " + e, e);
        }
    }
}
