package dev.tapestry.app.chaos;

import dev.tapestry.app.chaos.ChaosException.Code;
import dev.tapestry.app.demo.DemoMember;
import dev.tapestry.app.process.NodeTail;
import dev.tapestry.app.process.Programs;
import dev.tapestry.app.steward.StewardClient;
import dev.tapestry.app.steward.StewardException;
import dev.tapestry.consortium.Charter;
import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.ConsortiumEvent.BasePublished;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.RunPlan;
import dev.tapestry.consortium.Weighting;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.coordinator.Coordinator;
import dev.tapestry.coordinator.CoordinatorConfig;
import dev.tapestry.node.Compute;
import dev.tapestry.node.Enrolment;
import dev.tapestry.node.NodeConfig;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.NodeUpdate;
import dev.tapestry.training.Precision;
import dev.tapestry.trust.certificate.TlsIdentity;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.log.AuditLog;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * A consortium whose coordinator and nodes are processes, to be killed and started again. Nothing
 * but the kills decides what comes out: all members contribute to every round, and train with one
 * thread in fp32.
 */
final class ChaosConsortium implements AutoCloseable {

    /** For anything to happen, on a machine that is busy. */
    private static final Duration PATIENCE = Duration.ofMinutes(10);

    /** Within a round of some seconds. */
    private static final Duration CHECKPOINTS = Duration.ofMillis(200);

    private static final Duration GLANCE = Duration.ofMillis(4);
    private static final String HEAP_COORDINATOR = "-Xmx160m";
    private static final String HEAP_NODE = "-Xmx320m";

    private final Path directory;
    private final Programs programs;
    private final StewardClient steward;
    private final List<DemoMember> members;
    private final Map<DemoMember, Process> nodes = new EnumMap<>(DemoMember.class);
    private final Map<DemoMember, NodeTail> tails = new EnumMap<>(DemoMember.class);
    private final Map<DemoMember, List<NodeUpdate>> told = new EnumMap<>(DemoMember.class);
    private Process coordinator;

    private ChaosConsortium(
            Path directory, Programs programs, List<DemoMember> members, StewardClient steward) {
        this.directory = directory;
        this.programs = programs;
        this.members = members;
        this.steward = steward;
        this.coordinator = startCoordinator();
    }

    /**
     * Founds it in an empty directory and lets the members join; the coordinator runs then.
     *
     * @param base in F32
     * @param corpora of the members, by their ids
     */
    static ChaosConsortium found(
            Path directory, Programs programs, List<DemoMember> members, Path base, Path corpora)
            throws InterruptedException {
        int port = freePort();
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
                        new StewardClient(
                                URI.create("https://localhost:" + port),
                                TlsIdentity.open(consortium.resolve("steward"))));
        founded.await("the coordinator's first answer", _ -> true);
        members.forEach(member -> founded.enrol(member, corpora));
        return founded;
    }

    /** Nobody is left out of a merge, and no candidate is refused: every round gives one base. */
    private static Charter charter(int members) {
        Duration longEnough = Duration.ofHours(4);
        return new Charter(
                "chaos",
                Weighting.EQUAL,
                1,
                members,
                longEnough,
                longEnough,
                16,
                10,
                100,
                1L << 30);
    }

    private void enrol(DemoMember member, Path corpora) {
        NodeHome home = home(member);
        try {
            Files.createDirectories(home.directory());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Enrolment.standard(Optional.empty(), _ -> {})
                .join(home, steward.invite(member.id(), Duration.ofHours(1)));
        NodeConfig.standard(member.id(), corpora.resolve(member.id().value()))
                .with(Compute.of(1, Precision.FP32))
                .withCheckpointEvery(CHECKPOINTS)
                .write(home);
        tails.put(member, new NodeTail(home.metrics()));
        told.put(member, new ArrayList<>());
    }

    private NodeHome home(DemoMember member) {
        return new NodeHome(directory.resolve("node-" + member.id()));
    }

    private Path consortium() {
        return directory.resolve("consortium");
    }

    /** Starts all nodes and the run. */
    void begin(RunPlan plan) {
        steward.start(plan);
        members.forEach(this::startNode);
    }

    private void startNode(DemoMember member) {
        nodes.put(
                member,
                programs.start(
                        directory.resolve("node-" + member.id() + ".log"),
                        List.of(HEAP_NODE, "-XX:TieredStopAtLevel=1"),
                        List.of("node", "start", home(member).directory().toString())));
    }

    private Process startCoordinator() {
        return programs.start(
                directory.resolve("coordinator.log"),
                List.of(HEAP_COORDINATOR, "-XX:TieredStopAtLevel=1"),
                List.of("coordinator", "start", consortium().toString()));
    }

    /** Ends them as a power cut would: all before any is started again. */
    void kill(Victim victim, DemoMember node) {
        if (victim.coordinator()) {
            programs.kill(coordinator);
        }
        if (victim.node()) {
            programs.kill(Objects.requireNonNull(nodes.get(node)));
        }
    }

    /** Starts what was killed. */
    void revive(Victim victim, DemoMember node) {
        if (victim.coordinator()) {
            coordinator = startCoordinator();
        }
        if (victim.node()) {
            startNode(node);
        }
    }

    /** What is to be seen of a round, from {@code node} and the coordinator. */
    Sight look(int round, DemoMember node) {
        listen();
        Path contributions = consortium().resolve("contributions/" + round);
        return new Sight(
                round,
                members.size(),
                view(),
                of(node, round),
                holdsWeights(contributions),
                holdsWeights(consortium().resolve("merging/" + round)));
    }

    private void listen() {
        tails.forEach((member, tail) -> told.getOrDefault(member, List.of()).addAll(tail.news()));
    }

    private List<NodeUpdate> of(DemoMember node, int round) {
        return told.getOrDefault(node, List.of()).stream()
                .filter(update -> round(update) == round)
                .toList();
    }

    private static int round(NodeUpdate update) {
        return switch (update) {
            case NodeUpdate.Began began -> began.round();
            case NodeUpdate.Stepped stepped -> stepped.round();
            case NodeUpdate.Contributed given -> given.round().value();
            case NodeUpdate.Scored scored -> scored.round().value();
            case NodeUpdate.BaseBelieved believed -> believed.round().value();
            default -> 0;
        };
    }

    /** Whether bytes of weights or of an update are somewhere in it. */
    private static boolean holdsWeights(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.anyMatch(file ->
                    !file.getFileName().toString().endsWith(".json")
                            && Files.isRegularFile(file)
                            && file.toFile().length() > 0);
        } catch (IOException | UncheckedIOException e) {
            return false; // it is not there yet, or something in it has just gone
        }
    }

    private Optional<RoundView> view() {
        try {
            return Optional.of(steward.round(0, Duration.ZERO));
        } catch (StewardException e) {
            return Optional.empty();
        }
    }

    /**
     * Waits for something to be seen.
     *
     * @param past when it will not be seen any more
     * @return whether it was seen
     */
    boolean await(int round, DemoMember node, Predicate<Sight> wanted, Predicate<Sight> past)
            throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            Sight sight = look(round, node);
            if (wanted.test(sight)) {
                return true;
            }
            if (past.test(sight)) {
                return false;
            }
            glance(deadline, "round " + round);
        }
    }

    /** Waits until the round's base is published. */
    void awaitBase(int round) throws InterruptedException {
        await(round, members.getFirst(), Sight::over, _ -> false);
    }

    /** Waits for what the coordinator says. */
    private RoundView await(String what, Predicate<RoundView> wanted) throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            Optional<RoundView> view = view().filter(wanted);
            if (view.isPresent()) {
                return view.get();
            }
            glance(deadline, what);
        }
    }

    private void glance(long deadline, String what) throws InterruptedException {
        requireAlive();
        if (System.nanoTime() > deadline) {
            throw new ChaosException(
                    Code.CAME_TO_NOTHING,
                    "nothing came of %s in %d minutes; see the logs in %s"
                            .formatted(what, PATIENCE.toMinutes(), directory));
        }
        Thread.sleep(GLANCE);
    }

    /** Who ends although nobody killed it is not started again: that is what is looked for here. */
    private void requireAlive() {
        Map<String, Process> all = new HashMap<>(Map.of("coordinator", coordinator));
        nodes.forEach((member, process) -> all.put("node-" + member.id(), process));
        all.forEach((name, process) -> {
            if (!process.isAlive()) {
                throw new ChaosException(
                        Code.ENDED_BY_ITSELF,
                        "%s ended by itself with exit code %d; see %s"
                                .formatted(
                                        name,
                                        process.exitValue(),
                                        directory.resolve(name + ".log")));
            }
        });
    }

    /** Waits for the end of the run, and until every node has verified the last base. */
    void awaitEnd(int rounds) throws InterruptedException {
        await("the run's end", view -> view.roundsPlanned() == 0);
        for (DemoMember member : members) {
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            while (!look(rounds, member).tells(NodeUpdate.BaseBelieved.class)) {
                glance(deadline, "the last base at " + member.id());
            }
        }
    }

    /** Steps that all nodes have done for a round, those done again included. */
    long steps(int round) {
        listen();
        return members.stream()
                .flatMap(member -> of(member, round).stream())
                .filter(NodeUpdate.Stepped.class::isInstance)
                .count();
    }

    /** Bytes of bodies that have left all nodes. */
    long sent() {
        listen();
        return tails.values().stream().mapToLong(NodeTail::up).sum();
    }

    /** Ends all processes in peace. */
    void rest() {
        nodes.values().forEach(programs::end);
        programs.end(coordinator);
    }

    /** The published bases, by round, as the log has them; when nothing runs. */
    SortedMap<Integer, Digest> bases() {
        SortedMap<Integer, Digest> bases = new TreeMap<>();
        try (AuditLog log = AuditLog.readOnly(consortium().resolve("log.db"))) {
            for (byte[] entry : log.read(0, log.size())) {
                if (CanonicalJson.read(entry, ConsortiumEvent.class)
                        instanceof BasePublished published) {
                    bases.put(published.round().value(), published.base());
                }
            }
        }
        return bases;
    }

    /**
     * Has every log verified, the coordinator's beside each node's, and the last merge done again;
     * when nothing runs.
     *
     * @return what failed
     */
    List<String> verify(int lastRound) {
        List<List<String>> checks = new ArrayList<>();
        for (DemoMember member : members) {
            String node = home(member).directory().toString();
            checks.add(List.of("verify", "log", consortium().toString(), "--witness", node));
            checks.add(List.of("verify", "log", node));
        }
        checks.add(
                List.of(
                        "verify",
                        "merge",
                        consortium().toString(),
                        "--round",
                        Integer.toString(lastRound)));
        List<String> failed = new ArrayList<>();
        for (List<String> words : checks) {
            Process check =
                    programs.start(
                            directory.resolve("verify.log"),
                            List.of(HEAP_NODE, "-XX:TieredStopAtLevel=1"),
                            words);
            if (check.onExit().join().exitValue() != 0) {
                failed.add("tapestry " + String.join(" ", words));
            }
        }
        return failed;
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        nodes.values().forEach(programs::kill);
        programs.kill(coordinator);
        steward.close();
    }
}
