package dev.tapestry.app.demo;

import dev.tapestry.app.demo.DemoException.Code;
import dev.tapestry.app.process.NodeTail;
import dev.tapestry.app.process.Programs;
import dev.tapestry.app.steward.StewardClient;
import dev.tapestry.app.steward.StewardException;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.node.NodeUpdate;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The Shared-Base Loop of the demo: coordinator and nodes run, this watches and keeps them running.
 */
final class Loop {

    private static final Duration WATCH = Duration.ofSeconds(1);

    private final DemoSettings settings;
    private final DemoDirectory directory;
    private final Supervisor coordinator;
    private final StewardClient steward;
    private final Elapsed elapsed;
    private final Screen screen;
    private final Map<DemoMember, Supervisor> nodes = new EnumMap<>(DemoMember.class);
    private final Map<DemoMember, NodeTail> tails = new EnumMap<>(DemoMember.class);
    private final Curves curves = new Curves();
    private final LostRounds lost;

    /** The last round that an earlier process of this demo has told of, or may have. */
    private int toldBefore;

    Loop(
            DemoSettings settings,
            DemoDirectory directory,
            Programs programs,
            Stop stop,
            Supervisor coordinator,
            StewardClient steward,
            Elapsed elapsed,
            Screen screen) {
        this.settings = settings;
        this.directory = directory;
        this.coordinator = coordinator;
        this.steward = steward;
        this.elapsed = elapsed;
        this.screen = screen;
        this.lost = new LostRounds(directory.coordinator().resolve("log.db"));
        for (DemoMember member : settings.consortium().members()) {
            String id = member.id().value();
            nodes.put(
                    member,
                    new Supervisor(
                            programs,
                            stop,
                            screen,
                            "node " + id,
                            directory.log("node-" + id),
                            Demo.HEAP_NODE,
                            List.of(
                                    "node",
                                    "start",
                                    directory.node(member).directory().toString())));
            tails.put(member, new NodeTail(directory.node(member).metrics()));
        }
    }

    /** Runs until the last base is published and every node has verified it. */
    void run(DemoDirectory.State state) throws InterruptedException {
        if (!state.runStarted()) {
            startRun();
            directory.write(new DemoDirectory.State(settings, true, state.port()));
        }
        screen.step(
                "the loop: %d rounds of %d local steps, %d nodes, mutual TLS on port %d"
                        .formatted(
                                settings.rounds(),
                                settings.run().training().steps(),
                                nodes.size(),
                                state.port()));
        recall();
        long version = 0;
        int round = 0;
        boolean ended = false;
        while (!ended || !everybodyHas(publishedBase(directory))) {
            coordinator.ensureRunning();
            for (Map.Entry<DemoMember, Supervisor> node : nodes.entrySet()) {
                keepRunning(node.getKey(), node.getValue());
            }
            try {
                RoundView view = steward.round(version, WATCH);
                if (view.version() != version) {
                    lost.news().forEach(gone -> screen.step(gone.line()));
                }
                version = view.version();
                ended = view.roundsPlanned() == 0 && view.base().isPresent();
                if (ended && view.phase() != RoundView.Phase.PUBLISHED) {
                    throw new DemoException(
                            Code.RUN,
                            "the run ended before its last base was published: " + view.reason());
                }
                view.base().ifPresent(this::remember);
                hear(view);
                round = view.plan().map(plan -> plan.round().value()).orElse(round);
            } catch (StewardException e) {
                if (!e.code().equals("UNREACHABLE")) {
                    throw e;
                }
                Thread.sleep(WATCH.toMillis());
            }
        }
        nodes.values().forEach(Supervisor::end);
        listen();
        while (curves.next() <= round) {
            close();
        }
    }

    /** A node that is started has said nothing yet; what the one before it said is heard first. */
    private void keepRunning(DemoMember member, Supervisor node) throws InterruptedException {
        if (!node.isRunning()) {
            listen();
            node.ensureRunning();
            Objects.requireNonNull(tails.get(member)).starts();
        }
    }

    /** Takes in what an earlier process of this demo has seen and told. */
    private void recall() {
        Set<Integer> seen = new TreeSet<>();
        tails.forEach((member, tail) -> {
            for (NodeUpdate update : tail.news()) {
                if (update instanceof NodeUpdate.Scored s) {
                    curves.scored(s.round().value(), member.id(), s.score());
                    seen.add(s.round().value());
                }
            }
            tail.starts();
        });
        lost.news();
        toldBefore =
                seen.stream()
                        .mapToInt(round -> curves.complete(round, nodes.size()) ? round : round - 1)
                        .max()
                        .orElse(0);
        if (toldBefore > 0) {
            screen.step("going on after round %d".formatted(toldBefore));
        }
    }

    private void startRun() {
        try {
            steward.start(settings.run());
        } catch (StewardException e) {
            // Started by a demo that was stopped before it could note it.
            if (!e.code().equals("RUN_UNDER_WAY")) {
                throw e;
            }
        }
    }

    private void hear(RoundView view) {
        listen();
        int current = view.plan().map(plan -> plan.round().value()).orElse(0);
        while (curves.next() <= current && curves.complete(curves.next(), nodes.size())) {
            close();
        }
        // A round may end without some member's score. Nodes note a score a moment after the
        // coordinator has it, so the last round waits until the next one is well under way.
        while (curves.next() < current - 1) {
            close();
        }
        screen.status(
                "round %d/%d %s  %s"
                        .formatted(
                                current,
                                settings.rounds(),
                                view.phase().name().toLowerCase(java.util.Locale.ROOT),
                                tails.entrySet().stream()
                                        .map(e -> e.getKey().id() + " " + e.getValue().doing())
                                        .collect(Collectors.joining(" | "))));
    }

    /** Takes in what the nodes have written. */
    private void listen() {
        tails.forEach((member, tail) -> {
            for (NodeUpdate update : tail.news()) {
                switch (update) {
                    case NodeUpdate.Scored s ->
                            curves.scored(s.round().value(), member.id(), s.score());
                    case NodeUpdate.Declined d when d.code().equals("STOPPED") -> {}
                    case NodeUpdate.Declined d ->
                            screen.step(member.id() + " declines: " + d.reason());
                    case NodeUpdate.Hindered h ->
                            screen.step(member.id() + " cannot go on yet: " + h.reason());
                    case NodeUpdate _ -> {}
                }
            }
        });
    }

    private void close() {
        LoopSum sum = sum();
        curves.close(sum.up(), sum.down()).ifPresent(this::tell);
        elapsed.note();
    }

    private void tell(Curves.Round round) {
        if (round.round() <= toldBefore) {
            return;
        }
        screen.step(
                "round %2d/%d  held-out %s  mean %.4f bits/byte  up %s  down %s"
                        .formatted(
                                round.round(),
                                settings.rounds(),
                                round.scores().entrySet().stream()
                                        .map(e ->
                                                "%s %.3f"
                                                        .formatted(
                                                                e.getKey(),
                                                                e.getValue()
                                                                        .candidateBitsPerByte()))
                                        .collect(Collectors.joining("  ")),
                                round.mean(),
                                megabytes(round.up()),
                                megabytes(round.down())));
    }

    private record LoopSum(long up, long down) {}

    private LoopSum sum() {
        return new LoopSum(
                tails.values().stream().mapToLong(NodeTail::up).sum(),
                tails.values().stream().mapToLong(NodeTail::down).sum());
    }

    /** What was seen. */
    Curves curves() {
        return curves;
    }

    /** Bytes of the whole loop. */
    Demo.LoopTraffic traffic() {
        tails.values().forEach(NodeTail::news);
        return new Demo.LoopTraffic(sum().up(), sum().down());
    }

    private boolean everybodyHas(Digest base) {
        return settings.consortium().members().stream()
                .allMatch(member ->
                        Files.exists(directory.node(member).model(base).resolve("config.json")));
    }

    private void remember(Digest base) {
        try {
            Files.writeString(directory.coordinator().resolve("published"), base.hex());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The base that was last seen published. */
    static Digest publishedBase(DemoDirectory directory) {
        try {
            return new Digest(Files.readString(directory.coordinator().resolve("published")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String megabytes(long bytes) {
        return "%.0f MB".formatted(bytes / 1e6);
    }
}
