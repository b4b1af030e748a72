package dev.tapestry.app.bench;

import dev.tapestry.node.Enrolment;
import dev.tapestry.node.Membership;
import dev.tapestry.node.Node;
import dev.tapestry.node.NodeConfig;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.NodeProgress;
import dev.tapestry.node.egress.RetryPolicy;
import dev.tapestry.node.egress.Traffic;
import dev.tapestry.trust.certificate.TlsIdentity;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;

/**
 * A member's node in a process of its own, whose transfers are timed. For each round the node is
 * opened anew, so that its connections are new too, as they are after hours of training.
 */
final class TransferMemberProcess {

    private TransferMemberProcess() {}

    /** Enrols in the directory that is named first with the token that is named second. */
    public static void main(String[] arguments) throws IOException {
        NodeHome home = new NodeHome(Path.of(arguments[0]));
        Membership membership =
                Enrolment.standard(Optional.empty(), outage -> System.err.println(outage.reason()))
                        .join(home, arguments[1])
                        .membership();
        URI coordinator = membership.coordinator();
        RawEnd raw = RawEnd.of(TlsIdentity.open(home.identity()), coordinator.getHost());
        BufferedReader orders =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        System.out.println("joined");
        for (String line = orders.readLine(); line != null; line = orders.readLine()) {
            List<String> words = List.of(line.split(" ", -1));
            switch (words.getFirst()) {
                case "prepare" -> {
                    try (Node node = open(home, membership)) {
                        member(node, home, membership).prepare();
                    }
                    System.out.println("prepared");
                }
                case "round" -> System.out.println("transferred " + round(home, membership));
                case "raw" -> {
                    RawEnd.Order order = RawEnd.Order.of(words);
                    int port = Integer.parseInt(words.getLast());
                    System.out.println("carried " + raw.run(order, raw.to(order.tls(), port)));
                }
                default -> throw new IllegalArgumentException(line);
            }
        }
    }

    private static String round(NodeHome home, Membership membership) {
        try (Node node = open(home, membership)) {
            RoundMember member = member(node, home, membership);
            RoundMember.Transfers transfers = member.takePart();
            Traffic traffic = node.traffic();
            return "%d %d %d %d %d %d %d"
                    .formatted(
                            traffic.up(),
                            transfers.up().toNanos(),
                            member.streamsUp(),
                            traffic.down(),
                            transfers.down().toNanos(),
                            member.streamsDown(),
                            transfers.seal().toNanos());
        }
    }

    private static RoundMember member(Node node, NodeHome home, Membership membership) {
        return new RoundMember(node.coordinator(), home, config(home, membership), membership);
    }

    private static NodeConfig config(NodeHome home, Membership membership) {
        return NodeConfig.standard(membership.member(), home.directory().resolve("corpus"));
    }

    private static Node open(NodeHome home, Membership membership) {
        return Node.open(
                home,
                config(home, membership),
                NodeProgress.silent(),
                InstantSource.system(),
                RetryPolicy.standard(new SecureRandom()));
    }
}
