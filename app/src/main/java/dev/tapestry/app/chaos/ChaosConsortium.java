package dev.tapestry.app.chaos;

import dev.tapestry.app.demo.DemoMember;
import dev.tapestry.app.line.FaultyLine;
import dev.tapestry.app.process.FreePort;
import dev.tapestry.app.process.Programs;
import dev.tapestry.app.steward.StewardClient;
import dev.tapestry.consortium.Charter;
import dev.tapestry.consortium.RunPlan;
import dev.tapestry.consortium.Weighting;
import dev.tapestry.coordinator.Coordinator;
import dev.tapestry.coordinator.CoordinatorConfig;
import dev.tapestry.node.Compute;
import dev.tapestry.node.Enrolment;
import dev.tapestry.node.NodeConfig;
import dev.tapestry.node.NodeHome;
import dev.tapestry.training.Precision;
import dev.tapestry.trust.certificate.TlsIdentity;
import dev.tapestry.trust.enrolment.EnrolmentToken;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A consortium whose coordinator and nodes are processes, to be killed and started again. Nothing
 * but the kills decides what comes out: all members contribute to every round, and train with one
 * thread in fp32.
 */
final class ChaosConsortium implements AutoCloseable {

    /** Within a round of some seconds. */
    private static final Duration CHECKPOINTS = Duration.ofMillis(200);

    /** Longer than any clock is set on in a round. */
    private static final Duration LONG_ENOUGH = Duration.ofDays(3);

    private final Places places;
    private final Programs programs;
    private final StewardClient steward;
    private final Apparatus apparatus;
    private final int port;
    private final DiskOrders disks;
    private final ConsortiumProcesses processes;
    private final Lookout lookout;
    private final Map<DemoMember, FaultyLine> lines = new EnumMap<>(DemoMember.class);

    private ChaosConsortium(
            Path directory,
            Programs programs,
            List<DemoMember> members,
            Apparatus apparatus,
            int port,
            long half,
            StewardClient steward) {
        this.port = port;
        this.apparatus = apparatus;
        this.places = new Places(directory);
        this.programs = programs;
        this.steward = steward;
        this.disks = new DiskOrders(places);
        this.processes = new ConsortiumProcesses(places, programs, members, apparatus, disks);
        this.lookout = new Lookout(places, members, steward, processes, half);
    }

    /**
     * Founds it in an empty directory and lets the members join; the coordinator runs then.
     *
     * @param base in F32
     * @param corpora of the members, by their ids
     */
    static ChaosConsortium found(
            Path directory,
            Programs programs,
            List<DemoMember> members,
            Apparatus apparatus,
            Path base,
            Path corpora)
            throws InterruptedException {
        int port = FreePort.find();
        Path consortium = directory.resolve("consortium");
        Coordinator.found(
                consortium,
                charter(members.size()),
                new CoordinatorConfig.Listening("127.0.0.1", port, List.of("localhost")),
                InstantSource.system());
        Coordinator.adoptBase(consortium, base, InstantSource.system());
        ChaosConsortium founded =
                new ChaosConsortium(
                        directory,
                        programs,
                        members,
                        apparatus,
                        port,
                        Math.max(1, weightFiles(base) / 2),
                        new StewardClient(
                                URI.create("https://localhost:" + port),
                                TlsIdentity.open(consortium.resolve("steward"))));
        founded.lookout.awaitAnswer();
        for (DemoMember member : members) {
            founded.enrol(member, corpora);
        }
        return founded;
    }

    private static long weightFiles(Path model) {
        try (Stream<Path> files = Files.list(model)) {
            return files.filter(file -> file.toString().endsWith(".safetensors")).count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Nobody is left out of a merge, and no candidate is refused: every round gives one base. */
    private static Charter charter(int members) {
        return new Charter(
                "chaos",
                Weighting.EQUAL,
                1,
                members,
                LONG_ENOUGH,
                LONG_ENOUGH,
                16,
                10,
                100,
                1L << 30);
    }

    private void enrol(DemoMember member, Path corpora) {
        NodeHome home = places.home(member);
        String token = steward.invite(member.id(), Duration.ofHours(1));
        try {
            Files.createDirectories(home.directory());
            if (apparatus.lines()) {
                FaultyLine line = FaultyLine.to(address());
                lines.put(member, line);
                token = through(token, line);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Enrolment.standard(Optional.empty(), _ -> {}).join(home, token);
        NodeConfig.standard(member.id(), corpora.resolve(member.id().value()))
                .with(Compute.of(1, Precision.FP32))
                .withCheckpointEvery(CHECKPOINTS)
                .write(home);
        lookout.hear(member);
    }

    /** The token of a coordinator that is reached through a line. */
    private static String through(String token, FaultyLine line) {
        EnrolmentToken direct = EnrolmentToken.parse(token);
        URI far = URI.create("https://localhost:" + line.port());
        return new EnrolmentToken(far, direct.authority(), direct.member(), direct.secret()).text();
    }

    /** Where the coordinator listens. */
    InetSocketAddress address() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    /** The line of a node to the coordinator. */
    FaultyLine line(DemoMember member) {
        return Objects.requireNonNull(lines.get(member));
    }

    /** Where everything lies. */
    Places places() {
        return places;
    }

    /** Its processes, to be killed and started again. */
    ConsortiumProcesses processes() {
        return processes;
    }

    /** What the processes' disks are told. */
    DiskOrders disks() {
        return disks;
    }

    /** Who sees what it does. */
    Lookout lookout() {
        return lookout;
    }

    /** Starts all nodes and the run. */
    void begin(RunPlan plan) {
        steward.start(plan);
        processes.startNodes();
    }

    /** Lets everything rest once a round has its base. */
    void finish(int round) throws InterruptedException {
        lookout.awaitBase(round);
        processes.rest();
    }

    /** What the logs say, when nothing runs. */
    Aftermath aftermath() {
        return new Aftermath(places, programs, lookout.told());
    }

    @Override
    public void close() {
        for (FaultyLine line : lines.values()) {
            try {
                line.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        processes.close();
        steward.close();
    }
}
