package dev.tapestry.node;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsExchange;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import dev.tapestry.consortium.Charter;
import dev.tapestry.consortium.CodecName;
import dev.tapestry.consortium.CodedFile;
import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.ConsortiumEvent.BaseAdopted;
import dev.tapestry.consortium.ConsortiumEvent.BasePublished;
import dev.tapestry.consortium.ConsortiumEvent.ContributionAdmitted;
import dev.tapestry.consortium.ConsortiumEvent.ContributionRefused;
import dev.tapestry.consortium.ConsortiumEvent.RoundRolledBack;
import dev.tapestry.consortium.Contribution;
import dev.tapestry.consortium.ContributionManifest;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.Finding;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.ModelManifest;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.consortium.Score;
import dev.tapestry.consortium.protocol.Accepted;
import dev.tapestry.consortium.protocol.Activity;
import dev.tapestry.consortium.protocol.ConsortiumView;
import dev.tapestry.consortium.protocol.CosignatureRequest;
import dev.tapestry.consortium.protocol.EnrolmentReply;
import dev.tapestry.consortium.protocol.EnrolmentRequest;
import dev.tapestry.consortium.protocol.ErrorReply;
import dev.tapestry.consortium.protocol.ModelUpdate;
import dev.tapestry.consortium.protocol.Protocol;
import dev.tapestry.consortium.protocol.RenewalReply;
import dev.tapestry.consortium.protocol.RenewalRequest;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import dev.tapestry.consortium.protocol.ScoreReport;
import dev.tapestry.consortium.protocol.StatusView;
import dev.tapestry.consortium.protocol.UploadStatus;
import dev.tapestry.node.FaultyExchange.Fault;
import dev.tapestry.node.FaultyExchange.Faults;
import dev.tapestry.trust.certificate.CertificateAuthority;
import dev.tapestry.trust.certificate.Certificates;
import dev.tapestry.trust.certificate.Peer;
import dev.tapestry.trust.certificate.ServerIdentity;
import dev.tapestry.trust.certificate.TlsIdentity;
import dev.tapestry.trust.enrolment.EnrolmentToken;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.signature.Envelope;
import dev.tapestry.trust.signature.SigningKey;
import dev.tapestry.trust.signature.VerifyingKey;
import dev.tapestry.weights.Manifests;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.codec.Codec;
import dev.tapestry.weights.codec.CodedUpdate;
import dev.tapestry.weights.codec.Feedback;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.UnaryOperator;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.jspecify.annotations.Nullable;

/**
 * A coordinator for one member that follows {@code docs/protocol.md}: what the member contributes
 * becomes the candidate, and whatever score it gives the candidate is published.
 */
final class CoordinatorDouble implements AutoCloseable {

    static final MemberId MEMBER = new MemberId("helsinki");

    final SigningKey key;
    final List<String> requests = new CopyOnWriteArrayList<>();

    /** The ports from which it was called. */
    final Set<Integer> peers = ConcurrentHashMap.newKeySet();

    final Map<Digest, byte[]> parts = new ConcurrentHashMap<>();
    final List<ContributionManifest> contributions = new ArrayList<>();
    final List<Score> scores = new ArrayList<>();
    final List<Activity> activities = new CopyOnWriteArrayList<>();
    volatile Faults faults = (method, path) -> Fault.NONE;

    /** What becomes of the loop's state on its way to the member. */
    volatile UnaryOperator<RoundView> views = view -> view;

    /** Why the next contributions are refused when they are sealed, if they are. */
    volatile Optional<Finding> refuses = Optional.empty();

    /** Rounds that have closed without this member, and are still taken. */
    volatile Set<RoundNumber> late = Set.of();

    /** Until when they are. */
    volatile Instant lateUntil = Instant.parse("2100-01-01T00:00:00Z");

    /** By how much its clock is ahead of this machine's. */
    volatile Duration clockAhead = Duration.ZERO;

    /** Its charter. */
    volatile Charter charter = Charter.standard("Test");

    /** Whether candidates are rolled back, whatever they score. */
    volatile boolean rollsBack;

    /** How long ago the certificates that it issues were issued, of their one day. */
    volatile Duration age = Duration.ZERO;

    /** A path on which it hangs up before it looks at anything. */
    volatile String away = "";

    /** Whether it refuses to renew. */
    volatile boolean refusesRenewal;

    final List<String> certificateRequests = new CopyOnWriteArrayList<>();

    /** The certificates of all requests, in their order. */
    final List<Digest> shown = new CopyOnWriteArrayList<>();

    private Optional<Digest> counting = Optional.empty();
    private Optional<Digest> offered = Optional.empty();
    private final Path directory;
    private final CertificateAuthority authority;
    private final ServerIdentity identity;
    private final HttpsServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Map<Digest, ModelManifest> models = new HashMap<>();
    final Map<Digest, ModelUpdate> updates = new ConcurrentHashMap<>();
    private Digest envelope = Digest.of(new byte[0]);
    final LogDouble log;
    private long bodyBytes;
    private Optional<VerifyingKey> memberKey = Optional.empty();
    private Optional<EnrolmentToken> token = Optional.empty();
    private Optional<RoundPlan> plan = Optional.empty();
    private Optional<Digest> base = Optional.empty();
    private Optional<Digest> candidate = Optional.empty();
    private Phase phase = Phase.IDLE;
    private long version;
    private int published;
    private int planned;
    private String reason = "";

    CoordinatorDouble(Path directory) throws IOException {
        this.directory = directory;
        this.key = SigningKey.generate();
        this.authority =
                CertificateAuthority.create(directory.resolve("ca"), "Test", Instant.now());
        this.log = new LogDouble(directory, key);
        this.identity = new ServerIdentity(certified(Instant.now()));
        server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(
                new HttpsConfigurator(identity.context()) {
                    @Override
                    public void configure(HttpsParameters parameters) {
                        parameters.setSSLParameters(TlsIdentity.serverParameters());
                    }
                });
        server.setExecutor(threads);
        FaultyExchange faulty =
                new FaultyExchange(
                        (method, path) -> {
                            requests.add(method + " " + path);
                            return faults.at(method, path);
                        },
                        this::answer);
        server.createContext(
                "/",
                exchange -> {
                    peers.add(exchange.getRemoteAddress().getPort());
                    if (away.equals(exchange.getRequestURI().toString())) {
                        exchange.close();
                    } else if (counts((HttpsExchange) exchange)) {
                        faulty.handle(exchange);
                    } else {
                        FaultyExchange.refuse(
                                exchange, 403, new ErrorReply("CERTIFICATE_REPLACED", "renewed"));
                    }
                });
        server.start();
    }

    private TlsIdentity certified(Instant issued) {
        return authority.establishCoordinator(
                directory.resolve("identity-" + issued.toEpochMilli()),
                List.of("127.0.0.1"),
                issued,
                Duration.ofDays(1));
    }

    /** Shows a certificate that was issued then, for a day, to who connects from now on. */
    void showsOneIssued(Instant then) {
        identity.show(certified(then));
    }

    URI address() {
        return URI.create("https://127.0.0.1:" + server.getAddress().getPort());
    }

    /** Whether the certificate that is shown counts; an offered one does from its first use on. */
    private synchronized boolean counts(HttpsExchange exchange) {
        try {
            X509Certificate certificate =
                    (X509Certificate) exchange.getSSLSession().getPeerCertificates()[0];
            Digest digest = Certificates.fingerprint(certificate);
            shown.add(digest);
            if (offered.equals(Optional.of(digest))) {
                counting = offered;
                offered = Optional.empty();
            }
            return counting.equals(Optional.of(digest));
        } catch (SSLPeerUnverifiedException _) {
            return true; // as who enrols
        }
    }

    /** Forgets what it offered and was not shown yet, as one that is restored from a copy. */
    synchronized void forgetOffer() {
        offered = Optional.empty();
    }

    private synchronized RenewalReply renew(RenewalRequest request) {
        certificateRequests.add(request.certificateRequest());
        if (refusesRenewal) {
            throw new Refusal(409, "RENEWAL_NOT_DUE");
        }
        X509Certificate next = issue(request.certificateRequest(), MEMBER);
        offered = Optional.of(Certificates.fingerprint(next));
        return new RenewalReply(Certificates.pem(next), Certificates.pem(authority.certificate()));
    }

    private X509Certificate issue(String request, MemberId member) {
        return authority.issue(
                request,
                new Peer.Member(member),
                List.of(),
                Instant.now().minus(age),
                Duration.ofDays(1));
    }

    synchronized EnrolmentToken invite() {
        EnrolmentToken fresh =
                new EnrolmentToken(
                        address(),
                        authority.fingerprint(),
                        MEMBER,
                        EnrolmentToken.Secret.random(new SecureRandom()));
        token = Optional.of(fresh);
        return fresh;
    }

    /** Publishes a model directory without writing anything to the log. */
    synchronized Digest serve(Path model) throws IOException {
        ModelManifest manifest = Manifests.of(model);
        for (ModelManifest.File file : manifest.files()) {
            byte[] bytes = Files.readAllBytes(model.resolve(file.path()));
            int offset = 0;
            for (ModelManifest.Part part : file.parts()) {
                byte[] slice =
                        java.util.Arrays.copyOfRange(bytes, offset, offset + (int) part.bytes());
                parts.put(part.digest(), slice);
                offset += (int) part.bytes();
            }
        }
        Digest digest = CanonicalJson.digest(manifest);
        models.put(digest, manifest);
        return digest;
    }

    synchronized Digest adopt(Path model) throws IOException {
        Digest digest = serve(model);
        append(new BaseAdopted(digest, "a test", Instant.EPOCH));
        base = Optional.of(digest);
        return digest;
    }

    /** The base in views; what the log says stays. */
    synchronized void claim(Digest digest) {
        base = Optional.of(digest);
    }

    synchronized void announce(RoundPlan announced, int runRounds) {
        plan = Optional.of(announced);
        planned = runRounds;
        phase = Phase.COLLECTING;
        changed();
    }

    /** A round that the others carry through to its new base while this member looks away. */
    synchronized void othersPublish(RoundPlan round, Digest next) {
        append(new BasePublished(round.round(), next, Optional.empty(), Instant.EPOCH));
        plan = Optional.of(round);
        base = Optional.of(next);
        candidate = Optional.empty();
        phase = Phase.PUBLISHED;
        published++;
        planned = 0;
        changed();
    }

    /** The others' contributions are merged, and this member's is taken later. */
    synchronized void othersMerge(Digest merged) {
        late = Set.of(plan.orElseThrow().round());
        candidate = Optional.of(merged);
        phase = Phase.SCORING;
        changed();
    }

    /** The round leaves this member behind. */
    synchronized void goesOn(Phase next) {
        phase = next;
        changed();
    }

    /** The steward stops the run, and the round with it. */
    synchronized void stopRun(String why) {
        reason = "the run was stopped: " + why;
        planned = 0;
        goesOn(Phase.ABANDONED);
    }

    synchronized void append(ConsortiumEvent event) {
        log.append(event);
    }

    synchronized long bodyBytes() {
        return bodyBytes;
    }

    long count(String method, String prefix) {
        return requests.stream().filter(r -> r.startsWith(method + " " + prefix)).count();
    }

    synchronized void changed() {
        version++;
        notifyAll();
    }

    synchronized RoundView view() {
        boolean awaits = phase == Phase.COLLECTING || phase == Phase.SCORING;
        return new RoundView(
                version,
                phase,
                plan,
                plan.map(CanonicalJson::digest),
                candidate,
                Optional.empty(),
                base,
                awaits ? List.of(MEMBER) : List.of(),
                Optional.empty(),
                published,
                planned,
                "",
                reason,
                late.stream().map(round -> new RoundView.LateWindow(round, lateUntil)).toList());
    }

    private Object answer(String method, String path, byte[] body) throws InterruptedException {
        synchronized (this) {
            bodyBytes += body.length;
        }
        return route(method, path, body);
    }

    private Object route(String method, String path, byte[] body) throws InterruptedException {
        String[] steps = path.split("[/?]");
        return switch (method + " " + steps[2]) {
            case "GET status" ->
                    new StatusView(
                            Protocol.VERSION,
                            List.of(Protocol.VERSION),
                            Instant.now().plus(clockAhead));
            case "POST enrolments" -> enrol(CanonicalJson.read(body, EnrolmentRequest.class));
            case "POST certificate" -> renew(CanonicalJson.read(body, RenewalRequest.class));
            case "GET consortium" -> consortium();
            case "GET round" ->
                    awaitView(Refusal.number(path, "after"), Refusal.number(path, "wait"));
            case "GET models" ->
                    steps.length == 5
                            ? found(updates.get(new Digest(steps[3])), "UNKNOWN_UPDATE")
                            : found(models.get(new Digest(steps[3])), "UNKNOWN_MODEL");
            case "GET parts" -> found(parts.get(new Digest(steps[3])), "UNKNOWN_PART");
            case "PUT activity" -> told(CanonicalJson.read(body, Activity.class));
            case "PUT parts" -> put(new Digest(steps[3]), body);
            case "POST rounds" -> round(steps, body);
            case "GET log" -> log.route(steps, path);
            case "PUT log" ->
                    log.cosigned(
                            Long.parseLong(steps[4]),
                            CanonicalJson.read(body, CosignatureRequest.class));
            default -> throw new Refusal(404, "NO_ROUTE");
        };
    }

    private static <T> T found(@Nullable T value, String code) {
        if (value == null) {
            throw new Refusal(404, code);
        }
        return value;
    }

    private synchronized ConsortiumView consortium() {
        return new ConsortiumView(
                charter, key.verifyingKey().value(), List.of(MEMBER), base, log.size());
    }

    private synchronized Object enrol(EnrolmentRequest request) {
        EnrolmentToken open = token.orElseThrow(() -> new Refusal(403, "TOKEN_UNKNOWN"));
        if (!open.secret().value().equals(request.secret())) {
            throw new Refusal(403, "TOKEN_UNKNOWN");
        }
        token = Optional.empty();
        memberKey = Optional.of(new VerifyingKey(request.signingKey()));
        X509Certificate certificate = issue(request.certificateRequest(), request.member());
        counting = Optional.of(Certificates.fingerprint(certificate));
        return new EnrolmentReply(
                "Test",
                Certificates.pem(certificate),
                Certificates.pem(authority.certificate()),
                key.verifyingKey().value());
    }

    private synchronized Object awaitView(long after, long seconds) throws InterruptedException {
        long end = System.nanoTime() + Duration.ofSeconds(seconds).toNanos();
        while (version <= after && System.nanoTime() < end) {
            wait(1 + Duration.ofNanos(end - System.nanoTime()).toMillis());
        }
        return views.apply(view());
    }

    private Object told(Activity activity) {
        activities.add(activity);
        return new byte[0];
    }

    private Object put(Digest digest, byte[] body) {
        if (!Digest.of(body).equals(digest)) {
            throw new Refusal(400, "DIGEST_MISMATCH");
        }
        parts.put(digest, body);
        return new byte[0];
    }

    private synchronized Object round(String[] steps, byte[] body) {
        if (steps[4].equals("scores")) {
            ScoreReport report =
                    Envelope.parse(body)
                            .open(Protocol.SCORE_TYPE, memberKey.orElseThrow(), ScoreReport.class);
            scores.add(report.score());
            publish(report);
            return new Accepted(log.size());
        }
        if (steps.length == 7) {
            return seal();
        }
        Envelope envelope = Envelope.parse(body);
        ContributionManifest manifest =
                envelope.open(
                        Protocol.CONTRIBUTION_TYPE,
                        memberKey.orElseThrow(),
                        ContributionManifest.class);
        if (phase != Phase.COLLECTING) {
            throw new Refusal(
                    409, late.contains(manifest.round()) ? "ROUND_CLOSED" : "STALE_ROUND");
        }
        contributions.add(manifest);
        this.envelope = Digest.of(envelope.bytes());
        List<Digest> missing =
                manifest.sent().parts().stream()
                        .map(ModelManifest.Part::digest)
                        .filter(digest -> !parts.containsKey(digest))
                        .toList();
        return new UploadStatus(Digest.of(envelope.bytes()), missing);
    }

    private Object seal() {
        ContributionManifest last = contributions.getLast();
        if (last.sent().parts().stream().anyMatch(part -> !parts.containsKey(part.digest()))) {
            throw new Refusal(409, "INCOMPLETE");
        }
        if (refuses.isPresent()) {
            Finding finding = refuses.get();
            append(new ContributionRefused(last.round(), MEMBER, finding, "no", Instant.EPOCH));
            throw new Refusal(409, finding.name());
        }
        append(
                new ContributionAdmitted(
                        last.round(),
                        new Contribution(
                                MEMBER,
                                envelope,
                                CanonicalJson.digest(last.weights()),
                                last.tokens(),
                                last.trainingBitsPerByte(),
                                1),
                        Instant.EPOCH));
        candidate = Optional.of(last.update().isPresent() ? decoded(last) : whole(last));
        phase = Phase.SCORING;
        changed();
        return new Accepted(log.size());
    }

    /**
     * The candidate by updates: what the member's update gives, in coded steps if the plan says.
     */
    private Digest decoded(ContributionManifest last) {
        try {
            Path folder = Files.createTempDirectory(directory, "round-");
            Path base = laid(found(models.get(last.base()), "WRONG_BASE"), folder.resolve("base"));
            laid(last.sent(), folder.resolve("sent"));
            Path weights = folder.resolve("weights");
            try (ModelDirectory theta = ModelDirectory.open(base)) {
                CodedUpdate.apply(
                        folder.resolve("sent").resolve(CodedFile.UPDATE), theta, weights, 1);
                Optional<CodecName> down = plan.flatMap(RoundPlan::down);
                return down.isEmpty()
                        ? serve(weights)
                        : step(last.base(), theta, weights, down.get(), folder);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Digest step(
            Digest base, ModelDirectory theta, Path merged, CodecName codec, Path folder)
            throws IOException {
        Path file = folder.resolve(CodedFile.UPDATE);
        try (ModelDirectory next = ModelDirectory.open(merged)) {
            CodedUpdate.encode(Codec.named(codec.value()), theta, next, Feedback.none(), file, 1);
        }
        CodedUpdate.apply(file, theta, folder.resolve("coded"), 1);
        Digest model = serve(folder.resolve("coded"));
        ModelManifest.File sent = Manifests.file(file);
        parts.put(sent.parts().getFirst().digest(), Files.readAllBytes(file));
        updates.put(model, new ModelUpdate(base, new CodedFile(codec, sent)));
        return model;
    }

    /** The files of a manifest, put together from their parts. */
    private Path laid(ModelManifest manifest, Path folder) throws IOException {
        Files.createDirectories(folder);
        for (ModelManifest.File file : manifest.files()) {
            try (OutputStream out = Files.newOutputStream(folder.resolve(file.path()))) {
                for (ModelManifest.Part part : file.parts()) {
                    out.write(found(parts.get(part.digest()), "UNKNOWN_PART"));
                }
            }
        }
        return folder;
    }

    private Digest whole(ContributionManifest last) {
        List<ModelManifest.File> files = new ArrayList<>(last.weights().files());
        ModelManifest from = found(models.get(last.base()), "WRONG_BASE");
        from.files().stream().filter(f -> f.path().endsWith(".json")).forEach(files::add);
        ModelManifest merged = new ModelManifest(files);
        Digest digest = CanonicalJson.digest(merged);
        models.put(digest, merged);
        return digest;
    }

    private void publish(ScoreReport report) {
        if (rollsBack) {
            append(new RoundRolledBack(report.round(), "worse", Instant.EPOCH));
            candidate = Optional.empty();
            phase = Phase.ROLLED_BACK;
            planned = 0;
            changed();
            return;
        }
        append(
                new BasePublished(
                        report.round(), report.candidate(), Optional.empty(), Instant.EPOCH));
        base = Optional.of(report.candidate());
        candidate = Optional.empty();
        phase = Phase.PUBLISHED;
        published++;
        planned = published >= planned ? 0 : planned;
        changed();
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
        log.close();
    }
}
