package dev.tapestry.app.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.app.steward.StewardClient;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.ModelManifest;
import dev.tapestry.coordinator.Coordinator;
import dev.tapestry.coordinator.CoordinatorConfig;
import dev.tapestry.node.Enrolment;
import dev.tapestry.node.Membership;
import dev.tapestry.node.Node;
import dev.tapestry.node.NodeConfig;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.NodeProgress;
import dev.tapestry.node.egress.RetryPolicy;
import dev.tapestry.trust.certificate.TlsIdentity;
import dev.tapestry.trust.enrolment.EnrolmentToken;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A real coordinator and a real node's gate, over a line that is cut at any byte. */
@Timeout(300)
final class CutTransfersTest {

    private static final int MEGABYTES = 60;
    private static final int CUTS = 3;

    /** Handshakes, heads, documents, records of TLS. */
    private static final long AROUND = 2_000_000;

    @TempDir Path directory;

    @Test
    void a_line_that_is_cut_at_any_byte_costs_at_most_a_part_of_each_stream() throws Exception {
        long seed = System.nanoTime();
        System.out.println("cuts by seed " + seed);
        Random random = new Random(seed);
        Path base = directory.resolve("base");
        SyntheticModel.base(base, MEGABYTES, 1);
        long bytes = Files.size(base.resolve(SyntheticModel.SHARD));
        Path home = directory.resolve("coordinator");
        BenchConsortium.found(home, base, 1);
        try (Coordinator coordinator = Coordinator.assemble(CoordinatorConfig.read(home))) {
            coordinator.start();
            URI address = coordinator.address();
            try (CuttingLine line =
                            new CuttingLine(
                                    new InetSocketAddress(address.getHost(), address.getPort()));
                    StewardClient steward =
                            new StewardClient(address, TlsIdentity.open(home.resolve("steward")))) {
                NodeHome node = new NodeHome(directory.resolve("node"));
                Membership membership =
                        Enrolment.standard(Optional.empty(), _ -> {})
                                .join(node, token(steward, line))
                                .membership();
                NodeConfig config = NodeConfig.standard(membership.member(), directory);
                RetryPolicy eager =
                        new RetryPolicy(
                                Duration.ofMillis(1), Duration.ofMillis(1), random, _ -> {});
                try (Node open =
                        Node.open(
                                node,
                                config,
                                NodeProgress.silent(),
                                InstantSource.system(),
                                eager)) {
                    RoundMember member =
                            new RoundMember(open.coordinator(), node, config, membership);

                    long down = line.down().bytes();
                    cut(line.down(), bytes, random);
                    member.prepare();
                    assertThat(line.down().done()).isEqualTo(CUTS);
                    assertThat(line.down().bytes() - down)
                            .isBetween(bytes, most(bytes, member.streamsDown()));

                    long up = line.up().bytes();
                    cut(line.up(), bytes, random);
                    steward.start(RoundBenchmark.plan());
                    var _ = member.takePart();
                    assertThat(line.up().done()).isEqualTo(CUTS);
                    assertThat(line.up().bytes() - up)
                            .isBetween(bytes, most(bytes, member.streamsUp()));
                }
                Digest published = steward.consortium().base().orElseThrow();
                assertThat(node.model(published)).as("whole and checked").isDirectory();
            }
        }
    }

    private static void cut(CuttingLine.Way way, long bytes, Random random) {
        for (int i = 0; i < CUTS; i++) {
            way.cutAfter(1 + random.nextLong(bytes / CUTS));
        }
    }

    private static long most(long bytes, int streams) {
        // Records of TLS and heads add less than one in a hundred.
        return (bytes + (long) CUTS * streams * ModelManifest.PART_BYTES) / 100 * 101 + AROUND;
    }

    private static String token(StewardClient steward, CuttingLine line) {
        EnrolmentToken direct =
                EnrolmentToken.parse(steward.invite(new MemberId("espoo"), Duration.ofHours(1)));
        return new EnrolmentToken(
                        URI.create("https://localhost:" + line.port()),
                        direct.authority(),
                        direct.member(),
                        direct.secret())
                .text();
    }
}
