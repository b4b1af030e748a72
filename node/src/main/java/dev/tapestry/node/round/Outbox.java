package dev.tapestry.node.round;

import dev.tapestry.consortium.ContributionManifest;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.protocol.Protocol;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeHome;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.signature.Envelope;
import dev.tapestry.trust.signature.SigningKey;
import dev.tapestry.weights.Drafts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Contributions that were trained and signed but perhaps not admitted yet.
 *
 * <p>{@code outbox/round-N/weights/} is whole before {@code contribution.json}, the signed
 * manifest, appears beside it: where there is a signed manifest, there is nothing left to train.
 */
final class Outbox {

    private static final String WEIGHTS = "weights";
    private static final String ENVELOPE = "contribution.json";

    private final NodeHome home;
    private final SigningKey key;

    /** A signed contribution and where its weights are. */
    record Parcel(Envelope envelope, ContributionManifest manifest, Path weights) {}

    Outbox(NodeHome home, SigningKey key) {
        this.home = home;
        this.key = key;
    }

    /** The contribution that was made for this round by this plan, if there is one. */
    Optional<Parcel> find(RoundNumber round, Digest plan) {
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
            return manifest.plan().equals(plan)
                    ? Optional.of(new Parcel(envelope, manifest, weights(round)))
                    : Optional.empty();
        } catch (TrustException e) {
            // Written by another key, or damaged: it is trained anew.
            return Optional.empty();
        } catch (IOException e) {
            throw new NodeException(Code.STORAGE, "cannot read " + file + ": " + e, e);
        }
    }

    /** Where the weights of a round are to be written; empty now. */
    Path empty(RoundNumber round) {
        drop(home.outbox(round));
        try {
            Files.createDirectories(home.outbox(round));
        } catch (IOException e) {
            throw new NodeException(Code.STORAGE, "cannot make the outbox: " + e, e);
        }
        return weights(round);
    }

    /** Signs the contribution whose weights are written. */
    Parcel sign(ContributionManifest manifest) {
        Envelope envelope = Envelope.seal(Protocol.CONTRIBUTION_TYPE, manifest, key);
        SafeFile.write(home.outbox(manifest.round()).resolve(ENVELOPE), envelope.bytes());
        return new Parcel(envelope, manifest, weights(manifest.round()));
    }

    /** Forgets all rounds before {@code round}: they are over. */
    void dropBefore(RoundNumber round) {
        if (!Files.isDirectory(home.outbox())) {
            return;
        }
        try (Stream<Path> rounds = Files.list(home.outbox())) {
            rounds.filter(path -> number(path) < round.value()).forEach(Outbox::drop);
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

    private Path weights(RoundNumber round) {
        return home.outbox(round).resolve(WEIGHTS);
    }

    private static void drop(Path directory) {
        try {
            Drafts.delete(directory);
        } catch (IOException e) {
            throw new NodeException(Code.STORAGE, "cannot clear " + directory + ": " + e, e);
        }
    }
}
