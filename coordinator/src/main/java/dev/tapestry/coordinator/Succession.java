package dev.tapestry.coordinator;

import dev.tapestry.consortium.Consortium;
import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.ConsortiumEvent.CoordinatorMoved;
import dev.tapestry.consortium.CoordinatorMove;
import dev.tapestry.consortium.Successor;
import dev.tapestry.coordinator.CoordinatorConfig.Listening;
import dev.tapestry.coordinator.CoordinatorConfig.Retention;
import dev.tapestry.coordinator.CoordinatorException.Code;
import dev.tapestry.coordinator.store.LogSettings;
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
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;

/**
 * Moves a coordinator to another directory and identity, by the members' agreement.
 *
 * <p>The new one makes its own keys, which no old one ever sees. It takes the authority along, so
 * that members' certificates and tokens stay good. Whoever was coordinator keeps a copy of the
 * authority's key, and so: nodes that follow accept only the certificate key that the members
 * signed for, and the new coordinator accepts only the steward's certificate that it issued itself.
 */
public final class Succession {

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
        try (Stores stores = open(existing(root))) {
            AuditLog log = stores.log();
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
     * Moves: the old coordinator is fenced first, everything is copied, and the move is the new
     * log's next entry. Cut off, it can be repeated. Log and files are taken from where the one
     * keeps them and put to where the other will.
     *
     * @param old a stopped coordinator's directory, or a copy of it
     * @param successor what {@link #prepare} made; its configuration may name stores of its own
     * @throws CoordinatorException {@code MOVE}: the agreement is not carried, or not about these
     *     two; or both name one database. Nothing has happened
     */
    public static void move(
            Path old, Path successor, MoveAgreement agreement, InstantSource clock) {
        CoordinatorDirectory from = existing(old);
        CoordinatorDirectory to = new CoordinatorDirectory(successor);
        SigningKey key = SigningKey.load(to.signingKey());
        CoordinatorConfig config = CoordinatorConfig.read(successor);
        requireSuccessor(agreement, key, to, config);
        requireOwnLog(CoordinatorConfig.read(old), config);
        try (Stores stores = open(from)) {
            AuditLog log = stores.log();
            RoundHistory history = new RoundHistory();
            Consortium state = Ledger.replay(log, history::accept).consortium();
            Moves.refusal(agreement, state, log.origin(), log.size(), log.root())
                    .ifPresent(why -> {
                        throw new CoordinatorException(Code.MOVE, why);
                    });
            new Moves(from.moves(), stores.files()).keep(agreement);
            new Handover(from, stores.files()).fetchDocuments();
            new BackupFiles(from, stores.files())
                    .fetchWhatIsThere(
                            Kept.of(
                                    CoordinatorConfig.read(old).retention().keepRounds(),
                                    state,
                                    history));
            copy(from, to);
            CertificateAuthority authority = CertificateAuthority.open(to.authority());
            establish(authority, to, config, clock.instant());
            try (Stores next = Stores.alone(config, log.origin())) {
                new Handover(to, next.files()).keep();
                append(log, next.log(), key, agreement, clock.instant());
            }
        }
    }

    private static void requireOwnLog(CoordinatorConfig old, CoordinatorConfig successor) {
        if (old.log() instanceof LogSettings.Postgres before
                && successor.log() instanceof LogSettings.Postgres after
                && before.url().equals(after.url())) {
            throw new CoordinatorException(
                    Code.MOVE,
                    "both coordinators have their log in %s; give the new one a database or schema of its own"
                            .formatted(after.url()));
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
        Stream.of(List.of(from.authority()), from.lasting(), from.latest())
                .flatMap(List::stream)
                .forEach(part -> FileTrees.copy(part, to.root().resolve(part.getFileName())));
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
            AuditLog old, AuditLog log, SigningKey key, MoveAgreement agreement, Instant now) {
        Backup.append(old, log);
        if (log.size() == old.size()) {
            Successor to = agreement.move().to();
            ConsortiumEvent moved =
                    new CoordinatorMoved(to.key(), to.address(), agreement.digest(), now);
            try (Ledger ledger = Ledger.open(log, key, (_, _) -> {}, new CompletableFuture<>())) {
                ledger.change(_ -> List.of(moved));
            }
        }
    }

    /** Nobody else may lead: what it wrote later would not move. */
    private static Stores open(CoordinatorDirectory directory) {
        return Stores.alone(
                CoordinatorConfig.read(directory.root()),
                Founding.origin(CertificateAuthority.open(directory.authority())));
    }

    private static CoordinatorDirectory existing(Path root) {
        CoordinatorLog.requireIn(root, " (no log.db)");
        return new CoordinatorDirectory(root);
    }
}
