package dev.tapestry.coordinator;

import dev.tapestry.consortium.Charter;
import dev.tapestry.consortium.Consortium;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.protocol.Ending;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.certificate.CertificateAuthority;
import dev.tapestry.trust.certificate.ServerIdentity;
import dev.tapestry.trust.certificate.TlsIdentity;
import dev.tapestry.trust.signature.SigningKey;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;

/**
 * A running coordinator. {@link #assemble} is its architecture: read it from top to bottom.
 *
 * <p>Close it to stop: the port closes, the append under way is finished, a merge under way stays
 * resumable.
 */
public final class Coordinator implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger(Coordinator.class.getName());
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final CoordinatorConfig config;
    private final Ledger ledger;
    private final RoundDesk desk;
    private final HttpApi api;
    private final CertificateWatch watch;
    private final WaitTeller waits;
    private final PartBuffers buffers;
    private final AtomicReference<URI> address;
    private final CompletableFuture<CoordinatorException> failure;
    private final Stores stores;
    private final Thread deskThread;
    private final Thread watchThread;
    private final Thread waitThread;

    private Coordinator(
            CoordinatorConfig config,
            Ledger ledger,
            RoundDesk desk,
            HttpApi api,
            CertificateWatch watch,
            WaitTeller waits,
            AtomicReference<URI> address,
            CompletableFuture<CoordinatorException> failure,
            PartBuffers buffers,
            Stores stores) {
        this.buffers = buffers;
        this.config = config;
        this.stores = stores;
        this.ledger = ledger;
        this.desk = desk;
        this.api = api;
        this.watch = watch;
        this.waits = waits;
        this.address = address;
        this.failure = failure;
        // It computes for hours: as a virtual thread it would keep a processor from those who ask.
        this.deskThread = Thread.ofPlatform().daemon().name("round-desk").unstarted(desk);
        this.waitThread = Thread.ofVirtual().name("wait-teller").unstarted(waits);
        this.watchThread = Thread.ofVirtual().name("certificate-watch").unstarted(watch);
    }

    /**
     * Makes the directory of a new consortium: authority, identities, keys, configuration, log.
     *
     * @param charter what the members agreed
     * @param listening where it will be reached
     * @throws CoordinatorException {@code DIRECTORY} if there is a consortium already
     */
    public static void found(
            Path directory,
            Charter charter,
            CoordinatorConfig.Listening listening,
            InstantSource clock) {
        Founding.found(new CoordinatorDirectory(directory), charter, listening, clock.instant());
    }

    /**
     * Makes a Hugging Face model the shared base; only while the coordinator is not running.
     *
     * @param model a Llama-family directory; 16-bit weights are widened to F32
     * @return the base's digest
     * @throws CoordinatorException {@code MODEL} if it cannot be the base, or a round is under way
     */
    public static Digest adoptBase(Path directory, Path model, InstantSource clock) {
        return Founding.adoptBase(new CoordinatorDirectory(directory), model, clock.instant());
    }

    /**
     * Issues the steward's certificate again, for a new key; also while the coordinator runs.
     *
     * @param into the directory of the steward's identity; its own one, or a new one elsewhere
     * @return when it ends
     * @throws CoordinatorException {@code DIRECTORY}
     * @throws TrustException {@code CERTIFICATE_REFUSED}: somebody else's identity lies there
     */
    public static Instant issueSteward(Path directory, Path into, InstantSource clock) {
        return Founding.steward(new CoordinatorDirectory(directory), into, clock.instant())
                .term()
                .until();
    }

    /**
     * Which certificates end soon, whether or not the coordinator runs.
     *
     * @param state that the log in this directory leads to
     */
    public static List<Ending> endings(Path directory, Consortium state, InstantSource clock) {
        CoordinatorDirectory place = new CoordinatorDirectory(directory);
        try (SharedFiles shared = Stores.readableFiles(directory)) {
            shared.fetchAll(place.certificates());
            CertificateShelf shelf = new CertificateShelf(place.certificates(), shared);
            return new Endings(place, shelf).at(clock.instant(), state);
        }
    }

    /**
     * Opens a coordinator's stores and wires the program; {@link #start} opens the port. Where
     * another coordinator leads, this waits until it does not; an interrupt ends that.
     */
    public static Coordinator assemble(CoordinatorConfig config) {
        return assemble(config, InstantSource.system());
    }

    /** The same by another clock than the system's. */
    public static Coordinator assemble(CoordinatorConfig config, InstantSource clock) {
        return assemble(config, clock, System::nanoTime, Doorkeeper.Limits.USUAL, Disk.real());
    }

    /**
     * The same with other clocks and limits.
     *
     * @param steady nanoseconds that no setting of a clock moves; for how long somebody was silent
     */
    static Coordinator assemble(
            CoordinatorConfig config,
            InstantSource clock,
            LongSupplier steady,
            Doorkeeper.Limits limits,
            Disk disk) {
        CoordinatorDirectory directory = new CoordinatorDirectory(config.directory());
        CertificateAuthority authority = CertificateAuthority.open(directory.authority());
        ServerIdentity identity = new ServerIdentity(TlsIdentity.open(directory.identity()));
        SigningKey signingKey = SigningKey.load(directory.signingKey());
        Stores stores = Stores.lead(config, Founding.origin(authority));
        try {
            return assemble(
                    config, clock, steady, limits, disk, authority, identity, signingKey, stores);
        } catch (RuntimeException e) {
            stores.close();
            throw e;
        }
    }

    private static Coordinator assemble(
            CoordinatorConfig config,
            InstantSource clock,
            LongSupplier steady,
            Doorkeeper.Limits limits,
            Disk disk,
            CertificateAuthority authority,
            ServerIdentity identity,
            SigningKey signingKey,
            Stores stores) {
        CoordinatorDirectory directory = new CoordinatorDirectory(config.directory());
        CompletableFuture<CoordinatorException> failure = new CompletableFuture<>();
        if (stores.log().size() == 0 && Files.exists(directory.log())) {
            throw new CoordinatorException(
                    CoordinatorException.Code.LOG,
                    "the log that coordinator.yaml names is empty, and %s is not: move it there with 'tapestry coordinator move %s'"
                            .formatted(directory.log(), directory.root()));
        }
        Ledger ledger = Ledger.open(stores.log(), signingKey, new Chronicle(clock), failure);
        var _ = stores.leadership().lost().thenAccept(ledger::stepDown);

        SharedFiles shared = stores.files();
        shared.dropUnfinished();
        new Handover(directory, shared).take();
        ModelStore models = new ModelStore(directory.models(), shared);
        models.dropUnfinished();
        ContributionStore contributions =
                new ContributionStore(directory.contributions(), models, shared);
        CertificateShelf shelf = new CertificateShelf(directory.certificates(), shared);
        Endings endings = new Endings(directory, shelf);
        RenewalDesk renewals =
                new RenewalDesk(ledger, authority, shelf, directory.renewals(), shared, clock);
        RefusalRegister refusals = new RefusalRegister(ledger, clock);
        UploadDesk uploads = new UploadDesk(ledger, contributions, models, refusals, clock, disk);
        WorkBoard board = new WorkBoard(clock, steady);
        PresenceBoard presence = new PresenceBoard(uploads, endings, board, clock, steady);
        WaitTeller waits = new WaitTeller(ledger, presence, steady);
        Metrics metrics = new Metrics(ledger, presence);
        ResidualStore residuals = new ResidualStore(directory.residuals(), shared);
        MergeWork work =
                new MergeWork(models, contributions, directory.momenta(), residuals, shared);
        Retention retention =
                new Retention(
                        config.retention().keepRounds(),
                        models,
                        contributions,
                        directory.momenta(),
                        residuals,
                        shared);
        RoundDesk desk =
                new RoundDesk(
                        ledger,
                        work,
                        retention,
                        uploads,
                        presence,
                        board,
                        clock,
                        config.mergeThreads(),
                        failure);

        CosignatureDesk cosignatures =
                new CosignatureDesk(ledger, signingKey, directory.cosignatures(), shared);

        MoveDesk move =
                new MoveDesk(
                        ledger,
                        signingKey.verifyingKey(),
                        new Moves(directory.moves(), shared),
                        desk::stop);

        PartBuffers buffers =
                new PartBuffers((long) config.transferMebibytes() << 20, limits.turn());

        // Tokens name the port that the system chose, which is known only once it is open.
        AtomicReference<URI> address = new AtomicReference<>(config.listening().address(0));
        Routes routes =
                new Routes(
                        ledger,
                        models,
                        new EnrolmentDesk(
                                ledger, authority, shelf, directory.enrolments(), shared, clock),
                        renewals,
                        new KeyDesk(ledger, clock),
                        uploads,
                        buffers,
                        new ScoreDesk(ledger, clock),
                        new StewardDesk(ledger, models, clock),
                        presence,
                        metrics,
                        cosignatures,
                        move,
                        clock,
                        address::get);
        HttpApi api =
                new HttpApi(
                        config.listening(),
                        identity.context(),
                        new Gate(
                                ledger,
                                refusals,
                                renewals,
                                shelf,
                                presence::seen,
                                directory.stewardPin()),
                        stores.leadership()::held,
                        move::pass,
                        new Doorkeeper(limits),
                        presence,
                        metrics,
                        routes.all());
        CertificateWatch watch =
                new CertificateWatch(
                        directory,
                        config.listening().dnsNames(),
                        authority,
                        identity,
                        endings,
                        ledger,
                        shared,
                        clock);
        return new Coordinator(
                config, ledger, desk, api, watch, waits, address, failure, buffers, stores);
    }

    /**
     * Opens the port and begins to work.
     *
     * @throws CoordinatorException {@code ADDRESS}
     */
    public void start() {
        watch.look(); // a certificate that has ended is renewed before anybody sees it
        api.start();
        address.set(config.listening().address(api.port()));
        deskThread.start();
        watchThread.start();
        waitThread.start();
        LOG.log(System.Logger.Level.INFO, () -> "listening as " + address());
    }

    /** What nodes call; the port is known once the coordinator has started. */
    public URI address() {
        return address.get();
    }

    /**
     * Completed with {@code FAILED} or {@code STEPPED_DOWN} if the coordinator cannot go on: it
     * changes nothing any more, and is to be closed and started again in a new process.
     */
    public CompletableFuture<CoordinatorException> failure() {
        return failure.copy();
    }

    /** The routes that are served, for the contract's test. */
    List<HttpApi.Route> routes() {
        return api.routes();
    }

    /** Connections that are open. */
    int connections() {
        return api.connections();
    }

    /** Who is there. */
    PresenceBoard presence() {
        return api.board();
    }

    /** What a monitoring system reads. */
    Metrics metrics() {
        return api.metrics();
    }

    /** What parts pass through. */
    PartBuffers buffers() {
        return buffers;
    }

    /** What looks after certificates. */
    CertificateWatch watch() {
        return watch;
    }

    /** What tells the log for what a round waits. */
    WaitTeller waits() {
        return waits;
    }

    /** The state and log. */
    Ledger ledger() {
        return ledger;
    }

    @Override
    public void close() {
        watchThread.interrupt();
        waitThread.interrupt();
        desk.stop();
        ledger.stop();
        api.stop();
        try {
            if (deskThread.isAlive() && !deskThread.join(PATIENCE)) {
                LOG.log(
                        System.Logger.Level.WARNING,
                        "a merge is still under way; it goes on at the next start");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        ledger.close();
        stores.close();
    }
}
