package dev.tapestry.app.bench;

import dev.tapestry.consortium.MemberId;
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
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.List;

/**
 * A member's node in a process of its own, with the node's real gate; it does one thing after the
 * other as it is told on its standard input, and ends with that.
 */
final class MemberProcess {

    private MemberProcess() {}

    /** Enrols in the directory that is named first with the token that is named second. */
    public static void main(String[] arguments) throws IOException {
        NodeHome home = new NodeHome(Path.of(arguments[0]));
        Membership membership =
                Enrolment.standard(outage -> System.err.println(outage.reason()))
                        .join(home, arguments[1])
                        .membership();
        MemberId id = membership.member();
        NodeConfig config = NodeConfig.standard(id, home.directory().resolve("corpus"));
        BufferedReader orders =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        try (Node node =
                Node.open(
                        home,
                        config,
                        NodeProgress.silent(),
                        InstantSource.system(),
                        RetryPolicy.standard(new SecureRandom()))) {
            RoundMember member = new RoundMember(node.coordinator(), home, config, membership);
            System.out.println("joined");
            for (String line = orders.readLine(); line != null; line = orders.readLine()) {
                List<String> words = List.of(line.split(" ", -1));
                switch (words.getFirst()) {
                    case "prepare" -> {
                        member.prepare();
                        System.out.println("prepared");
                    }
                    case "round" -> {
                        Traffic before = node.traffic();
                        var _ = member.takePart();
                        Traffic after = node.traffic();
                        System.out.println(
                                "published %d %d"
                                        .formatted(
                                                after.up() - before.up(),
                                                after.down() - before.down()));
                    }
                    case "floor" -> {
                        Floor.client(
                                TlsIdentity.open(home.identity()),
                                Integer.parseInt(words.getLast()),
                                Floor.STREAMS,
                                member.weightsFile());
                        System.out.println("floored");
                    }
                    default -> throw new IllegalArgumentException(line);
                }
            }
        }
    }
}
