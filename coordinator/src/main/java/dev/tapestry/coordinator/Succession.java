package dev.tapestry.coordinator;

import dev.tapestry.consortium.Consortium;
import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.ConsortiumEvent.CoordinatorMoved;
import dev.tapestry.consortium.CoordinatorMove;
import dev.tapestry.consortium.Successor;
import dev.tapestry.coordinator.CoordinatorConfig.Listening;
import dev.tapestry.coordinator.CoordinatorConfig.Retention;
import dev.tapestry.coordinator.CoordinatorException.Code;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.certificate.CertificateAuthority;
import dev.tapestry.trust.certificate.Certificates;
import dev.tapestry.trust.certificate.KeyAndRequest;
import dev.tapestry.trust.certificate.Peer;
import dev.tapestry.trust.certificate.TlsIdentity;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.log.AuditLog;
import dev.tapestry.trust.move.MoveAgreement;
import dev.tapestry.trust.signature.SigningKey;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Moves a coordinator to another directory and identity, by the members' agreement.
 *
 * <p>The new one makes its own keys, which no old one ever sees. It takes the authority along, so
 * that members' certificates and tokens stay good. Whoever was coordinator keeps a copy of the
 * authority's key, and so: nodes that follow accept only the certificate key that the members
 * signed for, and the new coordinator accepts only the steward's certificate that it issued itself.
 */
public final class Succession {

    private static final long PAGE = 1_000;

    private Succession() {}

    /**
     * Makes the directory of a coordinator to be, with keys of its own.
     *
     * @throws CoordinatorException {@code DIRECTORY} if there is something in it
     */
    public static Successor prepare(Path root, Listening listening) {
        CoordinatorDirectory directory = new CoordinatorDirectory(root);
        if (!FileTrees.list(root).isEmpty()) {
            throw new CoordinatorException(
                    Code.DIRECTORY, root + " exists and is not empty; name a new directory");
        }
        FileTrees.create(root);
        SigningKey key = SigningKey.loadOrCreate(directory.signingKey());
        Successor successor =
                new Successor(
                        key.verifyingKey().value(),
                        listening.address().toString(),
                        KeyAndRequest.createIn(directory.identity()).keyDigest());
        new CoordinatorConfig(
                        root,
                        listening,
                        new Retention(Founding.DEFAULT_KEEP_ROUNDS),
                        Runtime.getRuntime().availableProcessors())
                .write();
        SafeFile.write(directory.successor(), CanonicalJson.write(successor));
        return successor;
    }

    /**
     * What the members would sign to move the coordinator as it is now; it must be stopped.
     *
     * @throws CoordinatorException {@code DIRECTORY}, {@code LOG}
     */
    public static CoordinatorMove propose(Path root, Successor to) {
        CoordinatorDirectory directory = existing(root);
        try (AuditLog log = open(directory)) {
            Consortium state = Ledger.replay(log, (_, _) -> {}).consortium();
            return new CoordinatorMove(
                    state.charter().name(),
                    log.origin(),
                    log.size(),
                    log.root(),
                    state.coordinatorKey(),
                    to);
        }
    }

    /**
     * Moves: the old directory is fenced first, everything is copied, and the move is the new log's
     * next entry. Cut off, it can be repeated.
     *
     * @param old a stopped coordinator's directory, or a copy of it
     * @param successor what {@link #prepare} made
     * @throws CoordinatorException {@code MOVE}: the agreement is not carried, or not about these
     *     two; nothing has happened
     */
    public static void move(
            Path old, Path successor, MoveAgreement agreement, InstantSource clock) {
        CoordinatorDirectory from = existing(old);
        CoordinatorDirectory to = new CoordinatorDirectory(successor);
        SigningKey key = SigningKey.load(to.signingKey());
        CoordinatorConfig config = CoordinatorConfig.read(successor);
        requireSuccessor(agreement, key, to, config);
        try (AuditLog log = open(from)) {
            Consortium state = Ledger.replay(log, (_, _) -> {}).consortium();
            Moves.refusal(agreement, state, log.origin(), log.size(), log.root())
                    .ifPresent(why -> {
                        throw new CoordinatorException(Code.MOVE, why);
                    });
            new Moves(from.moves()).keep(agreement);
            copy(from, to);
            CertificateAuthority authority = CertificateAuthority.open(to.authority());
            establish(authority, to, config, clock.instant());
            append(log, to, key, agreement, clock.instant());
        }
    }

    private static void requireSuccessor(
            MoveAgreement agreement,
            SigningKey key,
            CoordinatorDirectory directory,
            CoordinatorConfig config) {
        Successor here =
                new Successor(
                        key.verifyingKey().value(),
                        config.listening().address().toString(),
                        KeyAndRequest.createIn(directory.identity()).keyDigest());
        if (!here.equals(agreement.move().to())) {
            throw new CoordinatorException(
                    Code.MOVE,
                    "the members agreed to %s; in %s is %s"
                            .formatted(agreement.move().to(), directory.root(), here));
        }
    }

    private static void copy(CoordinatorDirectory from, CoordinatorDirectory to) {
        for (Path part :
                List.of(
                        from.authority(),
                        from.enrolments(),
                        from.cosignatures(),
                        from.models(),
                        from.contributions(),
                        from.envelopes(),
                        from.momenta(),
                        from.residuals(),
                        from.moves())) {
            FileTrees.copy(part, to.root().resolve(part.getFileName()));
        }
    }

    private static void establish(
            CertificateAuthority authority,
            CoordinatorDirectory directory,
            CoordinatorConfig config,
            Instant now) {
        authority.establishCoordinator(
                directory.identity(),
                config.listening().dnsNames(),
                now,
                Founding.CERTIFICATE_LIFETIME);
        TlsIdentity steward =
                TlsIdentity.install(
                        directory.steward(),
                        authority.issue(
                                KeyAndRequest.createIn(directory.steward()).requestPem(),
                                new Peer.Steward(),
                                List.of(),
                                now,
                                Founding.CERTIFICATE_LIFETIME),
                        authority.certificate());
        SafeFile.write(
                directory.stewardPin(), Certificates.fingerprint(steward.certificate()).hex());
    }

    private static void append(
            AuditLog old,
            CoordinatorDirectory directory,
            SigningKey key,
            MoveAgreement agreement,
            Instant now) {
        try (AuditLog log = AuditLog.open(directory.log(), old.origin())) {
            for (long from = log.size(); from < old.size(); from += PAGE) {
                log.append(from, old.read(from, Math.min(old.size(), from + PAGE)));
            }
            if (log.size() == old.size()) {
                Successor to = agreement.move().to();
                ConsortiumEvent moved =
                        new CoordinatorMoved(to.key(), to.address(), agreement.digest(), now);
                try (Ledger ledger =
                        Ledger.open(log, key, (_, _) -> {}, new CompletableFuture<>())) {
                    ledger.change(_ -> List.of(moved));
                }
            }
        }
    }

    private static AuditLog open(CoordinatorDirectory directory) {
        return AuditLog.open(
                directory.log(), Founding.origin(CertificateAuthority.open(directory.authority())));
    }

    private static CoordinatorDirectory existing(Path root) {
        CoordinatorDirectory directory = new CoordinatorDirectory(root);
        if (!Files.exists(directory.log())) {
            throw new CoordinatorException(
                    Code.DIRECTORY, root + " holds no consortium (no log.db)");
        }
        return directory;
    }
}
