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
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A real coordinator and a real node's gate, over a line that is cut at any byte. What the cuts lie
 * behind is four fifths of a model: a transfer that begins anew after them takes far more than is
 * granted here.
 */
@Timeout(300)
final class CutTransfersTest {

    /** Thirteen parts. */
    private static final int MEGABYTES = 210;

    private static final double FIRST = 0.8;
    private static final double LAST = 0.95;

    /** Handshakes, heads, documents, records of TLS. */
    private static final long AROUND = 2_000_000;

    @TempDir Path directory;

    @ParameterizedTest(name = "{0} streams, {1} cuts")
    @CsvSource({"1, 1", "4, 2"})
    void a_line_that_is_cut_at_any_byte_costs_at_most_a_part_of_each_stream(int streams, int cuts)
            throws Exception {
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
                NodeConfig config = config(membership.member(), streams);
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
                    cut(line.down(), cuts, bytes, random);
                    member.prepare();
                    assertThat(line.down().done()).isEqualTo(cuts);
                    assertThat(line.down().bytes() - down)
                            .isBetween(bytes * 3 / 4, most(bytes, cuts, streams));
                    assertThat(member.streamsDown()).isEqualTo(streams);

                    long up = line.up().bytes();
                    cut(line.up(), cuts, bytes, random);
                    steward.start(RoundBenchmark.plan());
                    var _ = member.takePart();
                    assertThat(line.up().done()).isEqualTo(cuts);
                    assertThat(line.up().bytes() - up)
                            .isBetween(bytes * 3 / 4, most(bytes, cuts, streams));
                    assertThat(member.streamsUp()).isEqualTo(streams);
                }
                Digest published = steward.consortium().base().orElseThrow();
                assertThat(node.model(published)).as("whole and checked").isDirectory();
            }
        }
    }

    private NodeConfig config(MemberId member, int streams) {
        NodeConfig usual = NodeConfig.standard(member, directory);
        return new NodeConfig(
                usual.member(),
                usual.corpus(),
                usual.compute(),
                usual.holdOutFraction(),
                usual.holdOutSalt(),
                streams,
                usual.keepBases(),
                usual.checkpointEvery(),
                usual.visibility(),
                usual.proxy(),
                usual.trainer());
    }

    /**
     * The last of them when four fifths or more have passed, those before it evenly before that.
     */
    private static void cut(CuttingLine.Way way, int cuts, long bytes, Random random) {
        for (int i = 0; i < cuts; i++) {
            way.cutAfter((long) (bytes * random.nextDouble(FIRST, LAST) / cuts));
        }
    }

    private static long most(long bytes, int cuts, int streams) {
        // Records of TLS and heads add less than one in a hundred.
        long most = (bytes + (long) cuts * streams * ModelManifest.PART_BYTES) / 100 * 101 + AROUND;
        assertThat(most)
                .as("what a transfer that begins anew after each cut takes at least")
                .isLessThan((long) (bytes * (1 + FIRST)));
        return most;
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
