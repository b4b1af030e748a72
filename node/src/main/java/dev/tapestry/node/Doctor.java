package dev.tapestry.node;

import dev.tapestry.consortium.protocol.ConsortiumView;
import dev.tapestry.consortium.protocol.Protocol;
import dev.tapestry.consortium.protocol.StatusView;
import dev.tapestry.corpus.CorpusException;
import dev.tapestry.corpus.DatasetCard;
import dev.tapestry.corpus.PermittedUse;
import dev.tapestry.node.HealthFinding.Severity;
import dev.tapestry.node.egress.Answer;
import dev.tapestry.node.egress.CoordinatorClient;
import dev.tapestry.node.egress.EgressGate;
import dev.tapestry.node.egress.HttpProxy;
import dev.tapestry.node.egress.ProxyException;
import dev.tapestry.node.egress.ReceiptBook;
import dev.tapestry.node.egress.Reply;
import dev.tapestry.node.egress.RetryPolicy;
import dev.tapestry.training.Device;
import dev.tapestry.training.TrainingException;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.certificate.ClockProbe;
import dev.tapestry.trust.certificate.ClockSkew;
import dev.tapestry.trust.certificate.Term;
import dev.tapestry.trust.certificate.TlsIdentity;
import dev.tapestry.trust.certificate.TlsProblem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Looks a node over: what it runs on, who it is, what it may read, whom it reaches and whether it
 * is let in there. Changes nothing but its own log of receipts.
 */
public final class Doctor {

    private static final String COORDINATOR = "coordinator";
    private static final String PROXY = "proxy";
    private static final String CLOCK = "clock";
    private static final String MEMBERSHIP = "membership";
    private static final String CERTIFICATE = "certificate";

    private final NodeHome home;
    private final InstantSource clock;
    private final Optional<String> surroundings;
    private final List<HealthFinding> findings = new ArrayList<>();
    private Optional<HttpProxy> proxy = Optional.empty();
    private Optional<Instant> there = Optional.empty();
    private boolean clockFails;

    private Doctor(NodeHome home, InstantSource clock, Optional<String> surroundings) {
        this.home = home;
        this.clock = clock;
        this.surroundings = surroundings;
    }

    /** Everything that was looked at, in the order of a node's life. */
    public static List<HealthFinding> examine(NodeHome home, InstantSource clock) {
        return examine(home, clock, HttpProxy.inEnvironment(System.getenv()));
    }

    /** The same where the environment names a proxy, or none. */
    static List<HealthFinding> examine(
            NodeHome home, InstantSource clock, Optional<String> surroundings) {
        Doctor doctor = new Doctor(home, clock, surroundings);
        doctor.findings.addAll(Machine.examine(home.directory(), doctor.newestModel()));
        doctor.settings();
        doctor.identity();
        return List.copyOf(doctor.findings);
    }

    private Optional<Path> newestModel() {
        try (Stream<Path> models = Files.list(home.models())) {
            return models.filter(model -> !model.getFileName().toString().startsWith("."))
                    .max(Comparator.comparingLong(model -> model.toFile().lastModified()));
        } catch (IOException _) {
            return Optional.empty(); // a node that has not taken part yet
        }
    }

    /** Whether the member's own command can be run, as far as can be seen from outside. */
    private void trainer(TrainerCommand own) {
        own.obstacle()
                .ifPresentOrElse(
                        it -> find("trainer", Severity.BROKEN, it.what(), it.advice()),
                        () ->
                                find(
                                        "trainer",
                                        Severity.GOOD,
                                        "%s trains, with a lease of %s; the job lies in %s"
                                                .formatted(
                                                        own.program().orElseThrow(),
                                                        own.lease(),
                                                        own.directory()),
                                        ""));
    }

    /** Whether libtorch can compute where the settings say; nothing is said of processors. */
    private void device(Device device) {
        if (device.equals(Device.CPU)) {
            return;
        }
        try {
            device.require();
            find("device", Severity.GOOD, "libtorch sees the device " + device, "");
        } catch (TrainingException e) {
            find(
                    "device",
                    Severity.BROKEN,
                    String.valueOf(e.getMessage()),
                    "mend that, or set device: cpu in node.yaml");
        } catch (LinkageError _) {
            // Of the engine it was said already that it does not load.
        }
    }

    private void settings() {
        NodeConfig config;
        try {
            config = NodeConfig.read(home);
            find("node.yaml", Severity.GOOD, "member " + config.member(), "");
        } catch (NodeException e) {
            find("node.yaml", Severity.BROKEN, String.valueOf(e.getMessage()), "correct the file");
            return;
        }
        proxy = config.proxy();
        surroundings();
        device(config.compute().device());
        config.trainer().ifPresent(this::trainer);
        try {
            DatasetCard card = DatasetCard.read(config.corpus());
            boolean contributes =
                    card.permittedUses().contains(PermittedUse.CONTRIBUTED_CPT)
                            && card.permittedUses().contains(PermittedUse.EVALUATION);
            find(
                    "corpus card",
                    contributes ? Severity.GOOD : Severity.WORTH_A_LOOK,
                    "'%s' permits %s".formatted(card.name(), words(card)),
                    contributes
                            ? ""
                            : "the node will not take part in rounds: that needs contributed-cpt"
                                    + " and evaluation");
        } catch (CorpusException e) {
            find(
                    "corpus card",
                    Severity.BROKEN,
                    e.code() + ": " + e.getMessage(),
                    "describe the text in " + config.corpus().resolve(DatasetCard.FILE_NAME));
        }
    }

    /** A node does what its settings say; people expect what the environment says. */
    private void surroundings() {
        if (proxy.isEmpty() && surroundings.isPresent()) {
            find(
                    PROXY,
                    Severity.WORTH_A_LOOK,
                    "the environment names %s, node.yaml none: the node goes without"
                            .formatted(surroundings.get()),
                    "if the way out is a proxy, set proxy in node.yaml");
        }
        proxy.flatMap(HttpProxy::login)
                .map(HttpProxy.Login::passwordFile)
                .filter(Doctor::othersRead)
                .ifPresent(file ->
                        find(
                                PROXY,
                                Severity.WORTH_A_LOOK,
                                file + " can be read by others than its owner",
                                "chmod 600 " + file));
    }

    private static boolean othersRead(Path file) {
        try {
            return Files.getPosixFilePermissions(file).contains(PosixFilePermission.OTHERS_READ);
        } catch (IOException | UnsupportedOperationException _) {
            return false; // that it cannot be read is said where it is needed
        }
    }

    private static String words(DatasetCard card) {
        return String.join(
                ", ", card.permittedUses().stream().map(PermittedUse::word).sorted().toList());
    }

    private void identity() {
        Membership membership;
        TlsIdentity identity;
        try {
            membership = Membership.of(home);
            identity = TlsIdentity.open(home.identity());
        } catch (NodeException | TrustException e) {
            find(
                    "identity",
                    Severity.BROKEN,
                    String.valueOf(e.getMessage()),
                    "join with the steward's token");
            return;
        }
        List<HealthFinding> before = List.copyOf(findings);
        coordinator(membership, identity);
        // Dates are told first, but judged with what the coordinator has said of the time.
        List<HealthFinding> reached = findings.subList(before.size(), findings.size());
        List<HealthFinding> later = List.copyOf(reached);
        reached.clear();
        TlsProblem.ofDates(identity.certificate(), clock.instant())
                .ifPresentOrElse(
                        problem -> dates(problem, identity),
                        () -> certificate(membership, identity.term()));
        authority(identity.term());
        findings.addAll(later);
    }

    /** A certificate that is not valid by this machine's clock: one of the two is wrong. */
    private void dates(TlsProblem problem, TlsIdentity identity) {
        Term term = identity.term();
        Optional<ClockSkew> cause =
                there.flatMap(told ->
                        ClockProbe.of(identity, Optional.empty()).cause(clock.instant(), told));
        if (clockFails) {
            find(
                    CERTIFICATE,
                    Severity.BROKEN,
                    "CLOCK_SKEW: valid until %s, so by the coordinator's clock it is valid, and by this machine's not"
                            .formatted(term.until()),
                    "see clock: no new token is needed");
        } else if (cause.isPresent()) {
            find(
                    CERTIFICATE,
                    Severity.BROKEN,
                    "CLOCK_SKEW: %s, by which the certificate, valid until %s, is valid"
                            .formatted(cause.get().words(), term.until()),
                    cause.get().advice());
        } else if (problem == TlsProblem.NOT_YET_VALID) {
            find(
                    CERTIFICATE,
                    Severity.BROKEN,
                    "CLOCK_SKEW: %s at least: the certificate was issued at %s"
                            .formatted(
                                    ClockSkew.between(clock.instant(), clock.instant(), term.from())
                                            .words(),
                                    term.from()),
                    problem.advice());
        } else {
            find(
                    CERTIFICATE,
                    Severity.BROKEN,
                    problem + ", valid until " + term.until(),
                    problem.advice());
        }
    }

    private void certificate(Membership membership, Term term) {
        Instant now = clock.instant();
        String valid =
                "of %s, valid for %d days more"
                        .formatted(
                                membership.member(), Duration.between(now, term.until()).toDays());
        if (!term.endsSoon(now)) {
            find(
                    CERTIFICATE,
                    Severity.GOOD,
                    valid + (term.isLast() ? "" : ", renewed by itself from " + term.due()),
                    "");
        } else {
            find(
                    CERTIFICATE,
                    Severity.WORTH_A_LOOK,
                    valid,
                    term.isLast()
                            ? "it ends with the consortium's authority: ask the steward where the"
                                    + " consortium goes on"
                            : "a node that runs and reaches the coordinator renews it by itself;"
                                    + " once it has ended, join with a new token from the steward");
        }
    }

    /** Nothing is said of one that has years left. */
    private void authority(Term term) {
        if (term.authorityEndsSoon(clock.instant())) {
            find(
                    "authority",
                    Severity.WORTH_A_LOOK,
                    "the consortium's authority ends at %s, and all certificates with it"
                            .formatted(term.authorityUntil()),
                    "ask the steward where the consortium goes on");
        }
    }

    private void coordinator(Membership membership, TlsIdentity identity) {
        Optional<NodeLog> receipts = receipts(membership);
        if (receipts.isEmpty()) {
            return; // what nobody writes down is not sent
        }
        try (NodeLog log = receipts.get();
                EgressGate gate =
                        EgressGate.to(
                                membership.coordinator(),
                                proxy,
                                identity,
                                membership.certificateKey(),
                                new ReceiptBook(log, clock),
                                RetryPolicy.standard(new SecureRandom()),
                                outage -> {})) {
            CoordinatorClient client = new CoordinatorClient(gate);
            StatusView status = client.statusOnce();
            there = Optional.of(status.clock());
            proxy.ifPresent(way ->
                    find(PROXY, Severity.GOOD, way.address() + " lets this node through", ""));
            answers(membership, status);
            // Anybody may ask for the status; this route is open to active members only.
            admits(membership, client.consortiumOnce());
        } catch (ProxyException e) {
            find(PROXY, Severity.BROKEN, String.valueOf(e.getMessage()), e.kind().advice());
        } catch (IOException e) {
            find(
                    COORDINATOR,
                    Severity.BROKEN,
                    membership.coordinator() + " cannot be reached: " + e,
                    "check the address, the firewall (outbound only) and that it runs");
        } catch (NodeException e) {
            refuses(identity, e);
        }
    }

    private void answers(Membership membership, StatusView status) {
        boolean same = status.protocol() == Protocol.VERSION;
        find(
                COORDINATOR,
                same ? Severity.GOOD : Severity.BROKEN,
                "%s answers, protocol %d".formatted(membership.coordinator(), status.protocol()),
                same
                        ? ""
                        : "this node speaks protocol %d; upgrade the older side"
                                .formatted(Protocol.VERSION));
        ClockSkew skew = new ClockSkew(Duration.between(status.clock(), clock.instant()));
        find(
                CLOCK,
                skew.matters() ? Severity.BROKEN : Severity.GOOD,
                skew.matters()
                        ? "CLOCK_SKEW: " + skew.words()
                        : "%d s from the coordinator's".formatted(skew.ahead().toSeconds()),
                skew.matters() ? skew.advice() : "");
    }

    private void admits(Membership membership, Reply<ConsortiumView> reply) {
        switch (reply) {
            case Reply.Given<ConsortiumView>(ConsortiumView view) ->
                    find(
                            MEMBERSHIP,
                            Severity.GOOD,
                            "'%s' admits %s, one of %d members"
                                    .formatted(
                                            view.charter().name(),
                                            membership.member(),
                                            view.members().size()),
                            "");
            case Reply.Denied<ConsortiumView>(Answer.Refused refused) ->
                    find(
                            MEMBERSHIP,
                            Severity.BROKEN,
                            refused.code() + ": " + refused.detail(),
                            switch (refused.code()) {
                                case "CERTIFICATE_REPLACED" ->
                                        "start the node that enrolled last; if its directory is"
                                                + " lost, join in a new one with a new token";
                                case "CERTIFICATE_NEEDED" ->
                                        TlsProblem.CERTIFICATE_MISSING.advice();
                                case "UNKNOWN_MEMBER" ->
                                        "if the consortium was founded anew, join in a new"
                                                + " directory with a new token";
                                default -> "tell the steward";
                            });
        }
    }

    private void refuses(TlsIdentity identity, NodeException e) {
        String what = e.code() + ": " + e.getMessage();
        switch (e.code()) {
            case REVOKED -> find(MEMBERSHIP, Severity.BROKEN, what, TlsProblem.REVOKED.advice());
            case TLS -> find(COORDINATOR, Severity.BROKEN, what, advice(identity, e));
            case CLOCK_SKEW -> {
                clockFails = true;
                find(CLOCK, Severity.BROKEN, what, "the node goes on by itself once that is done");
            }
            default -> find(COORDINATOR, Severity.BROKEN, what, "see the message");
        }
    }

    private String advice(TlsIdentity identity, NodeException e) {
        TlsProblem problem = identity.problem(e, clock.instant());
        if (problem == TlsProblem.WRONG_AUTHORITY && proxy.isPresent()) {
            return "if the proxy opens TLS, have the coordinator's address let through unopened";
        }
        boolean dates = problem == TlsProblem.EXPIRED || problem == TlsProblem.NOT_YET_VALID;
        boolean valid = TlsProblem.ofDates(identity.certificate(), clock.instant()).isEmpty();
        return dates && valid
                ? "by this machine's clock this node's certificate is valid: compare the clocks of"
                        + " both machines (NTP); if they agree, the coordinator's own certificate"
                        + " has ended: tell the steward"
                : problem.advice();
    }

    /** A running node has its log open; the doctor then writes receipts into one of its own. */
    private Optional<NodeLog> receipts(Membership membership) {
        Path own = home.directory().resolve("doctor-log.db");
        for (Path file : List.of(home.log(), own)) {
            try {
                return Optional.of(NodeLog.open(file, membership.member()));
            } catch (TrustException e) {
                if (e.code() != TrustException.Code.LOG_IN_USE) {
                    find(
                            "log",
                            Severity.BROKEN,
                            "%s: %s: %s".formatted(file, e.code(), e.getMessage()),
                            e.code() == TrustException.Code.LOG_ON_NETWORK
                                    ? "move the node's directory to a disk of this machine; a"
                                            + " trainer's directory may stay"
                                    : "restore it from a copy, or move it away to begin a new one:"
                                            + " keep it, it holds this node's receipts");
                }
            }
        }
        return Optional.empty();
    }

    private void find(String subject, Severity severity, String what, String advice) {
        findings.add(new HealthFinding(subject, severity, what, advice));
    }
}
