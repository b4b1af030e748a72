package dev.tapestry.coordinator;

import dev.tapestry.consortium.Consortium;
import dev.tapestry.consortium.ConsortiumEvent.CoordinatorMoved;
import dev.tapestry.consortium.CoordinatorMove;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.Successor;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.move.MoveAgreement;
import dev.tapestry.trust.signature.VerifyingKey;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The members' agreements to moves of the coordinator, by digest: the evidence for its log. */
final class Moves {

    private static final String SUFFIX = ".json";

    private final Path folder;

    Moves(Path folder) {
        this.folder = folder;
    }

    void keep(MoveAgreement agreement) {
        FileTrees.create(folder);
        FileTrees.write(file(agreement.digest()), agreement.bytes());
    }

    Optional<MoveAgreement> find(Digest digest) {
        return Files.exists(file(digest)) ? read(file(digest)) : Optional.empty();
    }

    /** The agreement by which this key's coordinator ended. */
    Optional<MoveAgreement> from(VerifyingKey key) {
        return all().stream()
                .filter(agreement -> agreement.move().from().equals(key.value()))
                .findFirst();
    }

    /** The agreement by which this key's coordinator began. */
    Optional<MoveAgreement> to(VerifyingKey key) {
        return all().stream()
                .filter(agreement -> agreement.move().to().key().equals(key.value()))
                .findFirst();
    }

    List<MoveAgreement> all() {
        return FileTrees.list(folder).stream()
                .filter(file -> file.toString().endsWith(SUFFIX))
                .flatMap(file -> read(file).stream())
                .toList();
    }

    private static Optional<MoveAgreement> read(Path file) {
        try {
            return Optional.of(MoveAgreement.parse(SafeFile.readBytes(file)));
        } catch (TrustException e) {
            System.getLogger(Moves.class.getName())
                    .log(System.Logger.Level.WARNING, file + " is no agreement to a move", e);
            return Optional.empty();
        }
    }

    private Path file(Digest digest) {
        return folder.resolve(digest.hex() + SUFFIX);
    }

    /**
     * What is wrong with a move in a log; empty where more than half of the active members signed
     * for it.
     *
     * @param before the state before it
     * @param origin of the log
     * @param index of the entry
     * @param root of the tree over the entries before it
     * @param agreement what there is of the statements
     */
    static Optional<String> breach(
            CoordinatorMoved event,
            Consortium before,
            String origin,
            long index,
            Digest root,
            Optional<MoveAgreement> agreement) {
        if (agreement.isEmpty() || !agreement.get().digest().equals(event.statements())) {
            return Optional.of(
                    "the members' statements %s to the coordinator's move are not here"
                            .formatted(event.statements().abbreviated()));
        }
        CoordinatorMove move = agreement.get().move();
        Successor to = move.to();
        if (!to.key().equals(event.key()) || !to.address().equals(event.address())) {
            return Optional.of(
                    "the coordinator moves to %s with %s; the members agreed to %s with %s"
                            .formatted(event.address(), event.key(), to.address(), to.key()));
        }
        return refusal(agreement.get(), before, origin, index, root);
    }

    /** Why the members' agreement does not move this log at this size; empty where it does. */
    static Optional<String> refusal(
            MoveAgreement agreement, Consortium before, String origin, long size, Digest root) {
        CoordinatorMove move = agreement.move();
        if (!move.origin().equals(origin) || !move.consortium().equals(before.charter().name())) {
            return Optional.of(
                    "the statements are about '%s' (%s), not about '%s' (%s)"
                            .formatted(
                                    move.consortium(),
                                    move.origin(),
                                    before.charter().name(),
                                    origin));
        }
        if (!move.from().equals(before.coordinatorKey())) {
            return Optional.of(
                    "the statements are about a move from %s; the coordinator is %s"
                            .formatted(move.from(), before.coordinatorKey()));
        }
        if (move.size() != size || !move.root().equals(root)) {
            return Optional.of(
                    "the statements are about a log of %d entries with the root %s; here are %d with %s"
                            .formatted(
                                    move.size(),
                                    move.root().abbreviated(),
                                    size,
                                    root.abbreviated()));
        }
        int signed = agreement.signers(before.activeKeys()).size();
        int active = before.activeKeys().size();
        return CoordinatorMove.carried(signed, active)
                ? Optional.empty()
                : Optional.of(
                        "%d of %d active members have signed the move; more than half must"
                                .formatted(signed, active));
    }
}
