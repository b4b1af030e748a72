package dev.tapestry.app.command;

import dev.tapestry.consortium.MemberId;
import dev.tapestry.node.Membership;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.NodeUpdate;
import dev.tapestry.node.RecentUpdates;
import dev.tapestry.trust.certificate.Certificates;
import dev.tapestry.trust.certificate.TlsIdentity;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What a node's own directory says of it, without asking anybody.
 *
 * @param consortium its name
 * @param member whose node this is
 * @param coordinator that it calls
 * @param certificateEnds when the node's certificate does
 * @param doing what it began last
 * @param latest what it wrote last
 * @param failure what went wrong last, of late
 */
record NodeStatus(
        String consortium,
        MemberId member,
        URI coordinator,
        Instant certificateEnds,
        Optional<Doing> doing,
        Optional<Line> latest,
        Optional<Failure> failure) {

    /**
     * A piece of work.
     *
     * @param round that it is for; 0 for none
     */
    record Doing(NodeUpdate.Phase phase, int round, Instant since, String detail) {}

    /** What the node wrote, in the words of its output. */
    record Line(Instant at, String words) {}

    /**
     * Something that went wrong.
     *
     * @param round that it was for; 0 for none
     */
    record Failure(Instant at, int round, String code, String reason) {}

    /** Reads it, also while the node runs. */
    static NodeStatus of(NodeHome home) {
        Membership membership = Membership.of(home);
        List<NodeUpdate> updates = RecentUpdates.of(home);
        return new NodeStatus(
                membership.consortium(),
                membership.member(),
                membership.coordinator(),
                Certificates.expiry(TlsIdentity.open(home.identity()).certificate()),
                updates.stream()
                        .filter(NodeUpdate.Began.class::isInstance)
                        .map(NodeUpdate.Began.class::cast)
                        .reduce((_, later) -> later)
                        .map(it -> new Doing(it.phase(), it.round(), it.at(), it.detail())),
                updates.stream()
                        .reduce((_, later) -> later)
                        .map(it -> new Line(it.at(), NodeLines.words(it))),
                updates.stream().flatMap(it -> failure(it).stream()).reduce((_, later) -> later));
    }

    private static Optional<Failure> failure(NodeUpdate update) {
        return switch (update) {
            case NodeUpdate.Unreachable it ->
                    Optional.of(new Failure(it.at(), 0, "UNREACHABLE", it.reason()));
            case NodeUpdate.Hindered it ->
                    Optional.of(new Failure(it.at(), it.round(), it.code(), it.reason()));
            case NodeUpdate.Declined it ->
                    Optional.of(new Failure(it.at(), it.round().value(), it.code(), it.reason()));
            case NodeUpdate.RoundFailed it ->
                    Optional.of(
                            new Failure(it.at(), it.round().value(), "ROUND_FAILED", it.reason()));
            case NodeUpdate.Began _,
                    NodeUpdate.Advanced _,
                    NodeUpdate.Stepped _,
                    NodeUpdate.Transferred _,
                    NodeUpdate.Contributed _,
                    NodeUpdate.Scored _,
                    NodeUpdate.BaseBelieved _,
                    NodeUpdate.ClockDiffers _,
                    NodeUpdate.CertificateRenewed _,
                    NodeUpdate.CertificateEnds _,
                    NodeUpdate.Evaluated _ ->
                    Optional.empty();
        };
    }

    /** For people, one fact in a line. */
    String text(Instant now) {
        return """
        member       %s of '%s'
        coordinator  %s
        certificate  ends at %s, in %d days
        began last   %s
        wrote last   %s
        failed last  %s\
        """
                .formatted(
                        member,
                        consortium,
                        coordinator,
                        certificateEnds,
                        Duration.between(now, certificateEnds).toDays(),
                        doing.map(it ->
                                        "%s%s at %s%s"
                                                .formatted(
                                                        round(it.round()),
                                                        it.phase().name().toLowerCase(Locale.ROOT),
                                                        at(it.since()),
                                                        it.detail().isEmpty()
                                                                ? ""
                                                                : ": " + it.detail()))
                                .orElse("nothing yet; start it with 'tapestry node start'"),
                        latest.map(it -> "at %s: %s".formatted(at(it.at()), it.words()))
                                .orElse("nothing yet"),
                        failure.map(it ->
                                        "%s%s at %s: %s"
                                                .formatted(
                                                        round(it.round()),
                                                        it.code(),
                                                        at(it.at()),
                                                        it.reason()))
                                .orElse("nothing of late"));
    }

    private static String round(int round) {
        return round == 0 ? "" : "round " + round + " ";
    }

    private static String at(Instant time) {
        return time.truncatedTo(ChronoUnit.SECONDS).toString();
    }
}
