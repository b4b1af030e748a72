package dev.tapestry.app.chaos;

import dev.tapestry.app.chaos.ChaosException.Code;
import dev.tapestry.app.demo.DemoMember;
import dev.tapestry.app.process.Programs;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/** A coordinator and its members' nodes as processes: started, killed, frozen, started again. */
final class ConsortiumProcesses implements AutoCloseable {

    /** For a process that has met its end. */
    private static final Duration TO_END = Duration.ofMinutes(1);

    private static final String HEAP_COORDINATOR = "-Xmx160m";
    static final String HEAP_NODE = "-Xmx320m";

    private final Places places;
    private final Programs programs;
    private final List<DemoMember> members;
    private final Apparatus apparatus;
    private final DiskOrders disks;
    private final Map<DemoMember, Process> nodes = new EnumMap<>(DemoMember.class);
    private Process coordinator;

    /** The coordinator runs from now on. */
    ConsortiumProcesses(
            Places places,
            Programs programs,
            List<DemoMember> members,
            Apparatus apparatus,
            DiskOrders disks) {
        this.places = places;
        this.programs = programs;
        this.members = members;
        this.apparatus = apparatus;
        this.disks = disks;
        this.coordinator = startCoordinator();
    }

    /** Starts all nodes. */
    void startNodes() {
        members.forEach(this::startNode);
    }

    /** Starts everything again after a rest. */
    void goOn() {
        coordinator = startCoordinator();
        startNodes();
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
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        List<String> options = new ArrayList<>();
        options.add(victim.coordinator() ? HEAP_COORDINATOR : HEAP_NODE);
        options.add("-XX:TieredStopAtLevel=1");
        options.addAll(apparatus.options(control, root, clock));
        return programs.start(
                places.log(Places.name(victim, node) + suffix),
                options,
                List.of(victim.coordinator() ? "coordinator" : "node", "start", root.toString()));
    }

    private Process process(Victim victim, DemoMember node) {
        return victim.coordinator() ? coordinator : Objects.requireNonNull(nodes.get(node));
    }

    /** Waits until a process that ends by its disk has ended. */
    void awaitItsEnd(Victim victim, DemoMember node) throws InterruptedException {
        if (!process(victim, node).waitFor(TO_END.toSeconds(), TimeUnit.SECONDS)) {
            throw new ChaosException(
                    Code.CAME_TO_NOTHING,
                    "%s goes on although its disk has ended it: %s"
                            .formatted(Places.name(victim, node), disks.report(victim, node)));
        }
        List<String> report = disks.report(victim, node);
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

    /**
     * Who ends although nobody killed it is not started again: that is what is looked for here.
     *
     * @throws ChaosException {@code ENDED_BY_ITSELF}
     */
    void requireAlive() {
        Map<String, Process> all = new HashMap<>(Map.of("coordinator", coordinator));
        nodes.forEach((member, process) -> all.put("node-" + member.id(), process));
        all.forEach((name, process) -> {
            if (!disks.mayEnd(name) && !process.isAlive()) {
                throw new ChaosException(
                        Code.ENDED_BY_ITSELF,
                        "%s ended by itself with exit code %d; see %s"
                                .formatted(name, process.exitValue(), places.log(name)));
            }
        });
    }

    /** Ends all processes in peace. */
    void rest() {
        nodes.values().forEach(programs::end);
        programs.end(coordinator);
    }

    @Override
    public void close() {
        nodes.values().forEach(programs::kill);
        programs.kill(coordinator);
    }
}
