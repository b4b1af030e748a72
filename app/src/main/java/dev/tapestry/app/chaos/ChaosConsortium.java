package dev.tapestry.app.chaos;

import dev.tapestry.app.chaos.ChaosException.Code;
import dev.tapestry.app.chaos.disk.DiskOrder;
import dev.tapestry.app.demo.DemoMember;
import dev.tapestry.app.line.FaultyLine;
import dev.tapestry.app.process.FreePort;
import dev.tapestry.app.process.NodeTail;
import dev.tapestry.app.process.Programs;
import dev.tapestry.app.steward.StewardClient;
import dev.tapestry.app.steward.StewardException;
import dev.tapestry.consortium.Charter;
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
import dev.tapestry.trust.enrolment.EnrolmentToken;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;
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

    /** Longer than any clock is set on in a round. */
    private static final Duration LONG_ENOUGH = Duration.ofDays(3);

    /** For a process that has met its end. */
    private static final Duration TO_END = Duration.ofMinutes(1);

    private static final Duration GLANCE = Duration.ofMillis(4);
    private static final String HEAP_COORDINATOR = "-Xmx160m";
    static final String HEAP_NODE = "-Xmx320m";

    private final Places places;
    private final Programs programs;
    private final StewardClient steward;
    private final List<DemoMember> members;
    private final Map<DemoMember, Process> nodes = new EnumMap<>(DemoMember.class);
    private final Map<DemoMember, NodeTail> tails = new EnumMap<>(DemoMember.class);
    private final Map<DemoMember, List<NodeUpdate>> told = new EnumMap<>(DemoMember.class);
    private final Map<DemoMember, FaultyLine> lines = new EnumMap<>(DemoMember.class);
    private final Set<String> mayEnd = new HashSet<>();
    private final Apparatus apparatus;
    private final int port;
    private final long half;
    private Process coordinator;

    private ChaosConsortium(
            Path directory,
            Programs programs,
            List<DemoMember> members,
            Apparatus apparatus,
            int port,
            long half,
            StewardClient steward) {
        this.port = port;
        this.half = half;
        this.apparatus = apparatus;
        this.places = new Places(directory);
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
        founded.await("the coordinator's first answer", _ -> true);
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
        tails.put(member, new NodeTail(home.metrics()));
        told.put(member, new ArrayList<>());
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

    /** Starts all nodes and the run. */
    void begin(RunPlan plan) {
        steward.start(plan);
        members.forEach(this::startNode);
    }

    /** Starts everything again after a rest. */
    void goOn() {
        coordinator = startCoordinator();
        members.forEach(this::startNode);
    }

    private void startNode(DemoMember member) {
        nodes.put(member, start(Victim.NODE, member, ""));
    }

    private Process startCoordinator() {
        return start(Victim.COORDINATOR, members.getFirst(), "");
    }

    /** Starts a process in a directory where one may be at work already. */
    Process startSecond(Victim victim, DemoMember node) {
        return start(victim, node, "-second");
    }

    private Process start(Victim victim, DemoMember node, String suffix) {
        Path control = places.control(victim, node);
        Path clock = places.clock(victim, node);
        Path root = places.root(victim, node);
        try {
            Files.createDirectories(control);
            if (apparatus.clocks().isPresent() && !Files.exists(clock)) {
                Files.writeString(clock, "+0");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        List<String> options = new ArrayList<>();
        options.add(victim.coordinator() ? HEAP_COORDINATOR : HEAP_NODE);
        options.add("-XX:TieredStopAtLevel=1");
        options.addAll(apparatus.options(control, root));
        return programs.start(
                places.log(Places.name(victim, node) + suffix),
                options,
                apparatus.environment(clock),
                List.of(victim.coordinator() ? "coordinator" : "node", "start", root.toString()));
    }

    private Process process(Victim victim, DemoMember node) {
        return victim.coordinator() ? coordinator : Objects.requireNonNull(nodes.get(node));
    }

    /** Has a disk fail by this order; what earlier orders did is forgotten. */
    void order(Victim victim, DemoMember node, DiskOrder order) {
        Path control = places.control(victim, node);
        if (order.fault().ends()) {
            mayEnd.add(Places.name(victim, node));
        }
        try {
            Files.deleteIfExists(control.resolve("report"));
            Path draft = Files.writeString(control.resolve("order.new"), order.line());
            Files.move(draft, control.resolve("order"), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Takes the order back; the disk works again. */
    void takeBack(Victim victim, DemoMember node) {
        mayEnd.remove(Places.name(victim, node));
        try {
            Files.deleteIfExists(places.control(victim, node).resolve("order"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What a disk has done by its order. */
    List<String> report(Victim victim, DemoMember node) {
        Path report = places.control(victim, node).resolve("report");
        try {
            return Files.exists(report) ? Files.readAllLines(report) : List.of();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits until a process that ends by its disk has ended. */
    void awaitItsEnd(Victim victim, DemoMember node) throws InterruptedException {
        if (!process(victim, node).waitFor(TO_END.toSeconds(), TimeUnit.SECONDS)) {
            throw new ChaosException(
                    Code.CAME_TO_NOTHING,
                    "%s goes on although its disk has ended it: %s"
                            .formatted(Places.name(victim, node), report(victim, node)));
        }
        List<String> report = report(victim, node);
        if (report.stream().anyMatch(line -> line.startsWith("NOT CUT"))) {
            throw new ChaosException(Code.CAME_TO_NOTHING, "no power cut could be made: " + report);
        }
    }

    /** Sets the clock of a process. */
    void setClock(Victim victim, DemoMember node, Duration step) {
        try {
            Files.writeString(places.clock(victim, node), "%+d".formatted(step.toSeconds()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Stops a process where it is, or lets it go on. */
    void freeze(Victim victim, DemoMember node, boolean now) throws InterruptedException {
        long pid = process(victim, node).pid();
        try {
            Process kill =
                    new ProcessBuilder("kill", now ? "-STOP" : "-CONT", Long.toString(pid))
                            .inheritIO()
                            .start();
            if (!kill.waitFor(Duration.ofSeconds(30))) {
                kill.destroyForcibly();
                throw new ChaosException(
                        Code.CAME_TO_NOTHING,
                        "the process %d could not be stopped, nor let go on: 'kill' hangs"
                                .formatted(pid));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The round that is under way, or the next one after a base. */
    int round() throws InterruptedException {
        RoundView view = await("the coordinator's answer", v -> v.plan().isPresent());
        int round = view.plan().map(plan -> plan.round().value()).orElse(0);
        return view.phase() == RoundView.Phase.PUBLISHED ? round + 1 : round;
    }

    /** The digest of the base of the round under way. */
    Digest base() throws InterruptedException {
        return await("the coordinator's answer", v -> v.plan().isPresent())
                .plan()
                .orElseThrow()
                .base();
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
        Path contributions = places.consortium().resolve("contributions/" + round);
        return new Sight(
                round,
                members.size(),
                view(),
                of(node, round),
                holdsHalf(contributions),
                holdsHalf(places.consortium().resolve("merging/" + round)));
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

    /**
     * Whether a folder somewhere in it holds bytes of an update, or of half the files of weights.
     */
    private boolean holdsHalf(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            return files
                    .filter(file -> file.toString().endsWith(".safetensors"))
                    .filter(file -> file.toFile().length() > 0)
                    .collect(Collectors.groupingBy(Path::getParent, Collectors.counting()))
                    .values()
                    .stream()
                    .anyMatch(count -> count >= half);
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
                            .formatted(what, PATIENCE.toMinutes(), places.directory()));
        }
        Thread.sleep(GLANCE);
    }

    /** Who ends although nobody killed it is not started again: that is what is looked for here. */
    private void requireAlive() {
        Map<String, Process> all = new HashMap<>(Map.of("coordinator", coordinator));
        nodes.forEach((member, process) -> all.put("node-" + member.id(), process));
        all.forEach((name, process) -> {
            if (!mayEnd.contains(name) && !process.isAlive()) {
                throw new ChaosException(
                        Code.ENDED_BY_ITSELF,
                        "%s ended by itself with exit code %d; see %s"
                                .formatted(name, process.exitValue(), places.log(name)));
            }
        });
    }

    /** Lets everything rest once a round has its base. */
    void finish(int round) throws InterruptedException {
        awaitBase(round);
        rest();
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

    /** What the logs say, when nothing runs. */
    Aftermath aftermath() {
        listen();
        return new Aftermath(places, programs, told);
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
        nodes.values().forEach(programs::kill);
        programs.kill(coordinator);
        steward.close();
    }
}
