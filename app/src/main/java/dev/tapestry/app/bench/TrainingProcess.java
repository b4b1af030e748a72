package dev.tapestry.app.bench;

import dev.tapestry.consortium.LocalTraining;
import dev.tapestry.corpus.PermittedUse;
import dev.tapestry.node.Compute;
import dev.tapestry.node.Enrolment;
import dev.tapestry.node.Membership;
import dev.tapestry.node.Node;
import dev.tapestry.node.NodeConfig;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.StopSignal;
import dev.tapestry.node.access.MemberCorpus;
import dev.tapestry.node.access.OpenText;
import dev.tapestry.node.build.TrainingPlans;
import dev.tapestry.node.build.TrainingRun;
import dev.tapestry.node.egress.RetryPolicy;
import dev.tapestry.node.round.NodeAgent.Until;
import dev.tapestry.training.Precision;
import dev.tapestry.training.Trainer;
import dev.tapestry.training.TrainingPlan;
import dev.tapestry.weights.ModelDirectory;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;

/**
 * A member's node in a process of its own, which trains as it is told on its standard input: alone,
 * or in a run with the real agent, engine and gate.
 */
final class TrainingProcess {

    private final NodeHome home;
    private final NodeConfig config;

    private TrainingProcess(NodeHome home, NodeConfig config) {
        this.home = home;
        this.config = config;
    }

    /**
     * Enrols in the directory that is named first with the token that is named second, to train
     * with so many threads.
     */
    public static void main(String[] arguments) throws IOException {
        NodeHome home = new NodeHome(Path.of(arguments[0]));
        Membership membership =
                Enrolment.standard(Optional.empty(), outage -> System.err.println(outage.reason()))
                        .join(home, arguments[1])
                        .membership();
        NodeConfig config =
                NodeConfig.standard(membership.member(), home.directory().resolve("corpus"))
                        .with(Compute.of(Integer.parseInt(arguments[2]), Precision.AUTO));
        TrainingProcess process = new TrainingProcess(home, config);
        System.out.println("joined");
        BufferedReader orders =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = orders.readLine(); line != null; line = orders.readLine()) {
            List<String> words = List.of(line.split(" ", -1));
            NodeSpeed speed =
                    switch (words.getFirst()) {
                        case "alone" ->
                                process.alone(
                                        Path.of(words.get(1)), Integer.parseInt(words.getLast()));
                        case "run" -> process.run(Integer.parseInt(words.getLast()));
                        default -> throw new IllegalArgumentException(line);
                    };
            System.out.println("trained " + speed.words());
        }
    }

    /** Steps from a base that nobody else sees. */
    private NodeSpeed alone(Path base, int steps) {
        LocalTraining training = UtilisationBenchmark.training(steps);
        TrainingPlan plan = TrainingPlans.of(training, config.compute());
        SpeedMeter meter = new SpeedMeter(plan.tokensPerStep());
        try (OpenText text =
                        new MemberCorpus(home, config).open(base, PermittedUse.CONTRIBUTED_CPT);
                ModelDirectory model = ModelDirectory.open(base);
                Trainer trainer = Trainer.begin(model, plan, text.train())) {
            new TrainingRun(plan, steps, 0, meter, new StopSignal(), InstantSource.system())
                    .until(steps, trainer);
        }
        return meter.ofSteps();
    }

    private NodeSpeed run(int rounds) {
        SpeedMeter meter = new SpeedMeter(UtilisationBenchmark.training(1).tokensPerRound());
        try (Node node =
                Node.open(
                        home,
                        config,
                        meter,
                        InstantSource.system(),
                        RetryPolicy.standard(new SecureRandom()))) {
            node.agent().run(Until.noRun());
            return meter.ofRounds(node.traffic(), rounds);
        }
    }
}
