package dev.tapestry.app.chaos;

import dev.tapestry.app.chaos.ChaosException.Code;
import dev.tapestry.app.demo.DemoMember;
import dev.tapestry.app.process.NodeTail;
import dev.tapestry.app.steward.StewardClient;
import dev.tapestry.app.steward.StewardException;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.node.NodeUpdate;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Sees from outside what a consortium does, and waits for it: what the coordinator says, what the
 * nodes tell, what lies in the coordinator's directory.
 */
final class Lookout {

    /** For anything to happen, on a machine that is busy. */
    private static final Duration PATIENCE = Duration.ofMinutes(10);

    private static final Duration GLANCE = Duration.ofMillis(4);

    private final Places places;
    private final List<DemoMember> members;
    private final StewardClient steward;
    private final ConsortiumProcesses processes;
    private final long half;
    private final Map<DemoMember, NodeTail> tails = new EnumMap<>(DemoMember.class);
    private final Map<DemoMember, List<NodeUpdate>> told = new EnumMap<>(DemoMember.class);

    /**
     * A lookout that hears no node yet.
     *
     * @param processes must be alive while something is waited for
     * @param half of the files of a model's weights
     */
    Lookout(
            Places places,
            List<DemoMember> members,
            StewardClient steward,
            ConsortiumProcesses processes,
            long half) {
        this.places = places;
        this.members = members;
        this.steward = steward;
        this.processes = processes;
        this.half = half;
    }

    /** Hears a member's node from now on. */
    void hear(DemoMember member) {
        tails.put(member, new NodeTail(places.home(member).metrics()));
        told.put(member, new ArrayList<>());
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

    private Sight look(int round, DemoMember node) {
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

    /** Waits until the coordinator answers for the first time. */
    void awaitAnswer() throws InterruptedException {
        await("the coordinator's first answer", _ -> true);
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
        processes.requireAlive();
        if (System.nanoTime() > deadline) {
            throw new ChaosException(
                    Code.CAME_TO_NOTHING,
                    "nothing came of %s in %d minutes; see the logs in %s"
                            .formatted(what, PATIENCE.toMinutes(), places.directory()));
        }
        Thread.sleep(GLANCE);
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

    /** What all nodes have told. */
    Map<DemoMember, List<NodeUpdate>> told() {
        listen();
        return told;
    }
}
