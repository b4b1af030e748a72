package dev.tapestry.app.bench;

import dev.tapestry.app.line.ShapedLink;
import dev.tapestry.app.steward.StewardClient;
import dev.tapestry.consortium.CodecName;
import dev.tapestry.consortium.LocalTraining;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.RunPlan;
import dev.tapestry.consortium.Wire;
import dev.tapestry.trust.certificate.TlsIdentity;
import dev.tapestry.trust.enrolment.EnrolmentToken;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * How much of their training speed nodes keep when they take part in rounds over slow and distant
 * lines: real nodes, each a process behind a {@link ShapedLink} of its own, train a model of about
 * 10 million parameters. In turn, so that all have the same neighbours on a shared machine, they
 * train alone, in rounds in which they wait for each base, and in rounds that overlap.
 */
final class UtilisationBenchmark {

    private static final long SEED = 20261126;
    private static final int SEQUENCES = 8;
    private static final int SEQUENCE_LENGTH = 128;
    private static final int SCORING_TOKENS = 2048;
    private static final CodecName FOUR_BITS = new CodecName("int4/1");
    private static final CodecName EIGHT_BITS = new CodecName("int8/1");

    private final Settings settings;
    private final Scratch scratch;
    private final Output output;

    /**
     * What is measured.
     *
     * @param members nodes
     * @param threads of each node's training
     * @param steps in a round (H)
     * @param overlap steps that are trained ahead (τ)
     * @param rounds that count in each turn
     * @param turns in each of which everything is measured once
     * @param gradients whether members share their gradients too
     * @param megabitsPerSecond of each node's line, in each direction
     * @param roundTrip of each node's line
     */
    record Settings(
            int members,
            int threads,
            int steps,
            int overlap,
            int rounds,
            int turns,
            boolean gradients,
            int megabitsPerSecond,
            Duration roundTrip) {}

    /**
     * What came out; rates are means over nodes and turns.
     *
     * @param utilisationWaiting share of the unconnected rate that waiting nodes keep
     * @param utilisationOverlapping the same of nodes that train ahead
     * @param lowestOverlapping of the turns
     * @param predictedWaiting by the formula, from the line and the time of a step
     * @param predictedOverlapping likewise
     */
    record Report(
            Settings settings,
            long parameters,
            double unconnectedTokensPerSecond,
            double waitingTokensPerSecond,
            double overlappingTokensPerSecond,
            double steppingTokensPerSecond,
            double utilisationWaiting,
            double utilisationOverlapping,
            double lowestOverlapping,
            double predictedWaiting,
            double predictedOverlapping,
            long bytesUp,
            long bytesDown) {}

    /** One turn's figures, means over the nodes. */
    private record Turn(NodeSpeed alone, NodeSpeed waiting, NodeSpeed overlapping) {
        double utilisation() {
            return overlapping.tokensPerSecond() / alone.tokensPerSecond();
        }
    }

    UtilisationBenchmark(Settings settings, Scratch scratch, Output output) {
        this.settings = settings;
        this.scratch = scratch;
        this.output = output;
    }

    Report run() throws IOException {
        Path directory = scratch.directory().resolve("coordinator");
        Path base = scratch.directory().resolve("base");
        output.tell("working in %s", scratch.directory());
        long parameters = TrainingStage.base(base, SEQUENCE_LENGTH, SEED);
        BenchConsortium.found(directory, base, settings.members());
        Child coordinator = scratch.start(CoordinatorProcess.class, directory.toString());
        URI address = URI.create(coordinator.answer("listening").getFirst());
        List<ShapedLink> links = new ArrayList<>();
        try (StewardClient steward =
                new StewardClient(address, TlsIdentity.open(directory.resolve("steward")))) {
            List<Child> members = join(steward, address, links);
            List<Turn> turns = new ArrayList<>();
            for (int i = 1; i <= settings.turns(); i++) {
                Turn turn =
                        new Turn(
                                alone(members, base),
                                connected(steward, members, plan(Optional.empty())),
                                connected(steward, members, plan(Optional.of(settings.overlap()))));
                output.tell(
                        "turn %d: alone %.0f tokens/s, waiting %.0f, overlapping %.0f (%.1f %%)",
                        i,
                        turn.alone().tokensPerSecond(),
                        turn.waiting().tokensPerSecond(),
                        turn.overlapping().tokensPerSecond(),
                        100 * turn.utilisation());
                turns.add(turn);
            }
            return report(parameters, turns);
        } finally {
            for (ShapedLink link : links) {
                link.close();
            }
        }
    }

    private List<Child> join(StewardClient steward, URI address, List<ShapedLink> links)
            throws IOException {
        List<Child> members = new ArrayList<>();
        for (int i = 1; i <= settings.members(); i++) {
            String name = "member-" + i;
            Path home = scratch.directory().resolve(name);
            TrainingStage.corpus(home.resolve("corpus"), SEED + i);
            ShapedLink link =
                    ShapedLink.to(
                            new InetSocketAddress(address.getHost(), address.getPort()),
                            settings.megabitsPerSecond() * 1_000_000L,
                            settings.roundTrip());
            links.add(link);
            String token = steward.invite(new MemberId(name), Duration.ofHours(1));
            members.add(
                    scratch.start(
                            TrainingProcess.class,
                            home.toString(),
                            through(token, address, link),
                            Integer.toString(settings.threads())));
        }
        members.forEach(member -> member.answer("joined"));
        return members;
    }

    /** The token of a coordinator that is reached through a line. */
    private static String through(String token, URI address, ShapedLink link) {
        EnrolmentToken direct = EnrolmentToken.parse(token);
        URI far = URI.create("https://" + address.getHost() + ":" + link.port());
        return new EnrolmentToken(far, direct.authority(), direct.member(), direct.secret()).text();
    }

    private NodeSpeed alone(List<Child> members, Path base) {
        // As many steps as a round has: enough for the rate, and the machine's mood passes alike.
        members.forEach(member -> member.order("alone %s %d".formatted(base, settings.steps())));
        return mean(members);
    }

    private NodeSpeed connected(StewardClient steward, List<Child> members, RunPlan plan) {
        steward.start(plan);
        members.forEach(member -> member.order("run " + plan.rounds()));
        return mean(members);
    }

    private static NodeSpeed mean(List<Child> members) {
        List<NodeSpeed> speeds =
                members.stream().map(member -> NodeSpeed.of(member.answer("trained"))).toList();
        return new NodeSpeed(
                speeds.stream().mapToLong(NodeSpeed::tokens).sum(),
                speeds.stream().mapToLong(NodeSpeed::nanos).sum(),
                speeds.stream().mapToDouble(NodeSpeed::steppingTokensPerSecond).average().orElse(0),
                speeds.stream().mapToLong(NodeSpeed::sent).sum() / speeds.size(),
                speeds.stream().mapToLong(NodeSpeed::received).sum() / speeds.size());
    }

    private Report report(long parameters, List<Turn> turns) {
        double alone = rate(turns.stream().map(Turn::alone).toList());
        double waiting = rate(turns.stream().map(Turn::waiting).toList());
        double overlapping = rate(turns.stream().map(Turn::overlapping).toList());
        NodeSpeed traffic = turns.getLast().overlapping();
        return new Report(
                settings,
                parameters,
                alone,
                waiting,
                overlapping,
                turns.stream()
                        .mapToDouble(turn -> turn.overlapping().steppingTokensPerSecond())
                        .average()
                        .orElse(0),
                waiting / alone,
                overlapping / alone,
                turns.stream().mapToDouble(Turn::utilisation).min().orElse(0),
                predicted(traffic, alone, 0),
                predicted(traffic, alone, settings.overlap()),
                traffic.sent(),
                traffic.received());
    }

    private static double rate(List<NodeSpeed> speeds) {
        return speeds.stream().mapToDouble(NodeSpeed::tokensPerSecond).average().orElse(0);
    }

    /**
     * T ÷ (T + max(0, S − τ·t)): T the time of a round's steps, t of one, S that of the bytes up
     * and down and one round trip. It knows of no handshakes, merges and scores.
     */
    private double predicted(NodeSpeed traffic, double tokensPerSecond, int overlap) {
        double step = SEQUENCES * SEQUENCE_LENGTH / tokensPerSecond;
        double line = settings.megabitsPerSecond() * 1e6 / 8;
        double transfer =
                (traffic.sent() + traffic.received()) / line
                        + settings.roundTrip().toMillis() / 1e3;
        double training = settings.steps() * step;
        return training / (training + Math.max(0, transfer - overlap * step));
    }

    /** What nodes do in a round of so many steps, or alone. */
    static LocalTraining training(int steps) {
        return new LocalTraining(
                steps,
                LocalTraining.Optimizer.MUON,
                0.001,
                0.1,
                LocalTraining.Schedule.COSINE,
                0,
                100_000_000,
                SEQUENCES,
                SEQUENCE_LENGTH,
                0.01,
                1,
                SEED);
    }

    private RunPlan plan(Optional<Integer> overlap) {
        RunPlan plan =
                new RunPlan(
                                settings.rounds() + 2,
                                training(settings.steps()),
                                MergeRule.fedAvg(),
                                SCORING_TOKENS)
                        .over(new Wire(Optional.of(FOUR_BITS), Optional.of(FOUR_BITS)));
        RunPlan shared = settings.gradients() ? plan.sharing(EIGHT_BITS) : plan;
        return overlap.map(shared::overlapping).orElse(shared);
    }
}
