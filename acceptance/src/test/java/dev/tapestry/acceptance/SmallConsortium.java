package dev.tapestry.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tapestry.app.process.FreePort;
import dev.tapestry.app.steward.StewardClient;
import dev.tapestry.app.steward.StewardException;
import dev.tapestry.consortium.CodecName;
import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.ConsortiumEvent.ContributionAdmitted;
import dev.tapestry.consortium.LocalTraining;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.RunPlan;
import dev.tapestry.consortium.Wire;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.trust.certificate.TlsIdentity;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.log.AuditLog;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** A coordinator and nodes that have joined it, each a process, each to be killed and started. */
final class SmallConsortium implements AutoCloseable {

    /** For anything to happen, on a machine that is busy. */
    static final Duration PATIENCE = Duration.ofMinutes(4);

    private static final Duration POLL = Duration.ofMillis(50);
    private static final int BATCH = 4;
    private static final int SEQUENCE = 64;

    private final Path directory;
    private final Map<String, Program> programs = new TreeMap<>();
    private StewardClient steward;
    private Path consortium;

    private SmallConsortium(Path directory, int port) {
        this.directory = directory;
        this.consortium = directory.resolve("consortium");
        this.steward = steward(port);
    }

    private StewardClient steward(int port) {
        return new StewardClient(
                URI.create("https://localhost:" + port),
                TlsIdentity.open(consortium().resolve("steward")));
    }

    /** From now on the coordinator is the one in another directory. */
    void movedTo(Path other, int port) {
        steward.close();
        consortium = other;
        steward = steward(port);
    }

    /** Founds it, has it adopt the demo's base, and lets the members join; only it runs then. */
    static SmallConsortium founded(Path directory, List<String> members) throws IOException {
        return founded(directory, members, "");
    }

    /** The same with more rules in its charter. */
    static SmallConsortium founded(Path directory, List<String> members, String rules)
            throws IOException {
        int port = FreePort.find();
        Path charter = directory.resolve("charter.yaml");
        Files.writeString(
                charter,
                Files.readString(Program.home().resolve("docs/examples/charter.yaml"))
                                .replace(
                                        "releaseToleranceBitsPerByte: 0.05",
                                        "releaseToleranceBitsPerByte: 9")
                                .replaceFirst("(?m)^lease: .*$", "") // only where rules have one
                        + rules);
        Path consortium = directory.resolve("consortium");
        ok(
                "consortium",
                "found",
                consortium,
                "--charter",
                charter,
                "--host",
                "127.0.0.1",
                "--port",
                port);
        ok("consortium", "adopt", consortium, Program.home().resolve("models/demo-base"));
        SmallConsortium small = new SmallConsortium(directory, port);
        small.startCoordinator();
        small.awaitView(_ -> true);
        for (String member : members) {
            String token = small.steward.invite(new MemberId(member), Duration.ofHours(1)).strip();
            Path corpus = TinyCorpus.write(directory.resolve("text-" + member), member.hashCode());
            ok("node", "join", small.node(member), token, "--corpus", corpus, "--threads", 1);
        }
        return small;
    }

    Path consortium() {
        return consortium;
    }

    Path node(String member) {
        return directory.resolve("node-" + member);
    }

    /**
     * Every log is whole, every node's bears the coordinator's out, and the round's merge is right.
     */
    void verify(List<String> members, int round) {
        for (String member : members) {
            assertThat(Program.here("verify", "log", consortium(), "--witness", node(member)))
                    .isZero();
            assertThat(Program.here("verify", "log", node(member))).isZero();
        }
        assertThat(Program.here("verify", "merge", consortium(), "--round", round)).isZero();
    }

    /** All contributions that its log says were admitted. */
    List<ContributionAdmitted> admitted() {
        return events(ContributionAdmitted.class);
    }

    /** What its log says of one kind, also while it runs. */
    <T extends ConsortiumEvent> List<T> events(Class<T> kind) {
        return events().stream().filter(kind::isInstance).map(kind::cast).toList();
    }

    /** All that its log says, also while it runs. */
    List<ConsortiumEvent> events() {
        try (AuditLog log = AuditLog.readOnly(consortium().resolve("log.db"))) {
            return log.read(0, log.size()).stream()
                    .map(entry -> CanonicalJson.read(entry, ConsortiumEvent.class))
                    .toList();
        }
    }

    void startCoordinator() {
        startCoordinator("coordinator", consortium());
    }

    /** Starts a coordinator, under a name by which it can be killed. */
    Program startCoordinator(String name, Path where) {
        return startCoordinator(name, where, Map.of());
    }

    /** Starts a coordinator with environment variables of its own. */
    Program startCoordinator(String name, Path where, Map<String, String> environment) {
        return start(name, environment, "coordinator", "start", where);
    }

    void startNode(String member) {
        startNode(member, node(member));
    }

    /** Starts a member's node in another directory. */
    Program startNode(String member, Path where) {
        return start(member, Map.of(), "node", "start", where);
    }

    private Program start(String name, Map<String, String> environment, Object... words) {
        Program program = Program.start(log(name), environment, words);
        programs.put(name, program);
        return program;
    }

    /** Has a member's rounds trained elsewhere, by what lies in {@code box}. */
    void startCourier(String member, Path box) {
        start(member, Map.of(), "round", "courier", node(member), box);
    }

    /** The same by a box in an object store. */
    void startCourier(String member, Map<String, String> environment, Object... box) {
        List<Object> words = new ArrayList<>(List.of("round", "courier", node(member)));
        words.addAll(List.of(box));
        start(member, environment, words.toArray());
    }

    /** What ends by itself is watched no longer. */
    void forget(String name) {
        programs.remove(name);
    }

    private Path log(String name) {
        return directory.resolve(name + ".log");
    }

    /** Ends {@code coordinator}, or a member's node, with kill -9. */
    void kill(String name) {
        Program program = programs.remove(name);
        if (program == null) {
            throw new IllegalStateException(name + " does not run");
        }
        program.kill();
    }

    /** Lets a member's node stand still, or go on: as a machine does that sleeps. */
    void signal(String member, String signal) throws IOException {
        Program program = programs.get(member);
        if (program == null) {
            throw new IllegalStateException(member + " does not run");
        }
        new ProcessBuilder("kill", "-" + signal, String.valueOf(program.process().pid()))
                .start()
                .onExit()
                .orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS)
                .join();
    }

    /** Starts a run of so many rounds. */
    void run(int rounds, int steps) {
        steward.start(plan(rounds, steps));
    }

    /** The same with coded updates, and members who share their gradients. */
    void run(int rounds, int steps, Wire wire, CodecName gradients) {
        steward.start(plan(rounds, steps).over(wire).sharing(gradients));
    }

    /** The same with rounds that merge as soon as so many contributions are in. */
    void runAsynchronously(int rounds, int steps, int buffer) {
        steward.start(plan(rounds, steps).buffering(buffer));
    }

    /** Stops the run, and the round with it. */
    void stop(String reason) {
        steward.stop(reason);
    }

    private static RunPlan plan(int rounds, int steps) {
        long total = (long) rounds * steps * BATCH * SEQUENCE;
        return new RunPlan(
                rounds,
                new LocalTraining(
                        steps,
                        LocalTraining.Optimizer.MUON,
                        0.002,
                        0.1,
                        LocalTraining.Schedule.COSINE,
                        0,
                        total,
                        BATCH,
                        SEQUENCE,
                        0.01,
                        1.0,
                        1),
                MergeRule.diLoCo(1.0, 0.5),
                2_000);
    }

    /** Waits until what the coordinator says is as expected. */
    RoundView awaitView(Predicate<RoundView> expected) {
        return await("the loop's state; see " + directory)
                .atMost(PATIENCE)
                .pollDelay(Duration.ZERO)
                .pollInterval(POLL)
                .conditionEvaluationListener(_ -> assertAlive())
                .ignoreExceptionsMatching(
                        e -> e instanceof StewardException s && s.code().equals("UNREACHABLE"))
                .until(() -> steward.round(0, Duration.ZERO), expected);
    }

    /** Waits until the node's measurements hold a line with all these. */
    void awaitLine(String member, String... parts) {
        Path metrics = node(member).resolve("metrics.jsonl");
        await(member + " says " + List.of(parts))
                .atMost(PATIENCE)
                .pollInterval(POLL)
                .conditionEvaluationListener(_ -> assertAlive())
                .until(() ->
                        Files.exists(metrics)
                                && Files.readString(metrics)
                                        .lines()
                                        .anyMatch(line -> holds(line, parts)));
    }

    private static boolean holds(String line, String... parts) {
        return List.of(parts).stream().allMatch(line::contains);
    }

    private void assertAlive() {
        programs.forEach((name, program) ->
                assertThat(program.process().isAlive())
                        .as(() -> name + " has ended: " + program.printed())
                        .isTrue());
    }

    /** Which round and phase it is. */
    static boolean is(RoundView view, int round, RoundView.Phase phase) {
        return view.phase() == phase
                && view.plan().map(plan -> plan.round().value() == round).orElse(false);
    }

    private static void ok(Object... words) {
        assertThat(Program.here(words)).as(List.of(words).toString()).isZero();
    }

    @Override
    public void close() {
        steward.close();
        programs.values().forEach(Program::close);
    }
}
