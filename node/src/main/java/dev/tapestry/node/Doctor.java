package dev.tapestry.node;

import dev.tapestry.consortium.protocol.Protocol;
import dev.tapestry.consortium.protocol.StatusView;
import dev.tapestry.corpus.CorpusException;
import dev.tapestry.corpus.DatasetCard;
import dev.tapestry.corpus.PermittedUse;
import dev.tapestry.node.HealthFinding.Severity;
import dev.tapestry.node.egress.CoordinatorClient;
import dev.tapestry.node.egress.EgressGate;
import dev.tapestry.node.egress.ReceiptBook;
import dev.tapestry.node.egress.RetryPolicy;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.certificate.Certificates;
import dev.tapestry.trust.certificate.TlsIdentity;
import dev.tapestry.trust.certificate.TlsProblem;
import java.io.IOException;
import java.nio.file.Files;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;

/**
 * Looks a node over: what it runs on, who it is, what it may read, whom it reaches. Changes nothing
 * but its own log of receipts.
 */
public final class Doctor {

    private static final long LITTLE_MEMORY_BYTES = 512L << 20;
    private static final long LITTLE_DISK_BYTES = 5L << 30;
    private static final Duration SKEW = Duration.ofMinutes(2);
    private static final Duration SOON = Duration.ofDays(14);
    private static final int JDK = 25;

    private final NodeHome home;
    private final InstantSource clock;
    private final List<HealthFinding> findings = new ArrayList<>();

    private Doctor(NodeHome home, InstantSource clock) {
        this.home = home;
        this.clock = clock;
    }

    /** Everything that was looked at, in the order of a node's life. */
    public static List<HealthFinding> examine(NodeHome home, InstantSource clock) {
        Doctor doctor = new Doctor(home, clock);
        doctor.machine();
        doctor.settings();
        doctor.identity();
        return List.copyOf(doctor.findings);
    }

    private void machine() {
        int jdk = Runtime.version().feature();
        find(
                "JDK",
                jdk >= JDK ? Severity.GOOD : Severity.BROKEN,
                "Java " + Runtime.version(),
                jdk >= JDK ? "" : "install a JDK of version " + JDK + " or newer");
        long heap = Runtime.getRuntime().maxMemory();
        find(
                "memory",
                heap >= LITTLE_MEMORY_BYTES ? Severity.GOOD : Severity.WORTH_A_LOOK,
                "up to %,d MiB of heap, %d processors"
                        .formatted(heap >> 20, Runtime.getRuntime().availableProcessors()),
                heap >= LITTLE_MEMORY_BYTES ? "" : "give Java more heap: -Xmx512m or more");
        try {
            long room = Files.getFileStore(home.directory()).getUsableSpace();
            boolean enough = room >= LITTLE_DISK_BYTES;
            find(
                    "disk",
                    enough ? Severity.GOOD : Severity.WORTH_A_LOOK,
                    "%,d MiB free at %s".formatted(room >> 20, home.directory()),
                    enough ? "" : "a node keeps about five copies of the model; make room");
        } catch (IOException e) {
            find("disk", Severity.BROKEN, e.toString(), "create the node's directory by joining");
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
        Instant now = clock.instant();
        Instant end = Certificates.expiry(identity.certificate());
        long days = Duration.between(now, end).toDays();
        TlsProblem.ofDates(identity.certificate(), now)
                .ifPresentOrElse(
                        problem ->
                                find(
                                        "certificate",
                                        Severity.BROKEN,
                                        problem + ", valid until " + end,
                                        problem.advice()),
                        () ->
                                find(
                                        "certificate",
                                        end.isAfter(now.plus(SOON))
                                                ? Severity.GOOD
                                                : Severity.WORTH_A_LOOK,
                                        "of %s, valid for %d days more"
                                                .formatted(membership.member(), days),
                                        end.isAfter(now.plus(SOON))
                                                ? ""
                                                : "ask the steward for a new token soon"));
        coordinator(membership, identity);
    }

    private void coordinator(Membership membership, TlsIdentity identity) {
        String name = "coordinator";
        // A running node has its log open; the doctor then writes receipts into one of its own.
        try (NodeLog log = openLog(membership);
                EgressGate gate =
                        EgressGate.to(
                                membership.coordinator(),
                                identity.client(),
                                new ReceiptBook(log, clock),
                                RetryPolicy.standard(new SecureRandom()),
                                outage -> {})) {
            StatusView status = new CoordinatorClient(gate).statusOnce();
            find(
                    name,
                    status.protocol() == Protocol.VERSION ? Severity.GOOD : Severity.BROKEN,
                    "%s answers, protocol %d"
                            .formatted(membership.coordinator(), status.protocol()),
                    status.protocol() == Protocol.VERSION
                            ? ""
                            : "this node speaks protocol %d; upgrade the older side"
                                    .formatted(Protocol.VERSION));
            Duration skew = Duration.between(status.clock(), clock.instant());
            boolean close = skew.abs().compareTo(SKEW) <= 0;
            find(
                    "clock",
                    close ? Severity.GOOD : Severity.BROKEN,
                    "%d s from the coordinator's".formatted(skew.toSeconds()),
                    close ? "" : "set this machine's clock (NTP), or tell the steward");
        } catch (IOException e) {
            find(
                    name,
                    Severity.BROKEN,
                    membership.coordinator() + " cannot be reached: " + e,
                    "check the address, the firewall (outbound only) and that it runs");
        } catch (NodeException e) {
            find(name, Severity.BROKEN, e.code() + ": " + e.getMessage(), "see the message");
        }
    }

    private NodeLog openLog(Membership membership) {
        try {
            return NodeLog.open(home.log(), membership.member());
        } catch (TrustException e) {
            return NodeLog.open(home.directory().resolve("doctor-log.db"), membership.member());
        }
    }

    private void find(String subject, Severity severity, String what, String advice) {
        findings.add(new HealthFinding(subject, severity, what, advice));
    }
}
