package dev.tapestry.app.demo;

import dev.tapestry.app.command.Signals;
import dev.tapestry.consortium.LocalTraining;
import dev.tapestry.node.Node;
import dev.tapestry.node.NodeConfig;
import dev.tapestry.node.NodeProgress;
import dev.tapestry.node.build.BuildPlan;
import dev.tapestry.node.build.SovereignModel;
import dev.tapestry.node.build.StageTraining;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.weights.gguf.Quantisation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** One job of the demo in a process of its own; not for people. */
@Command(
        name = JobCommand.NAME,
        hidden = true,
        description = "Does one job of the demo.",
        footer = {"", "Example:", "  tapestry demo-job tapestry-demo central"})
public final class JobCommand implements Callable<Integer> {

    /** The command's name. */
    static final String NAME = "demo-job";

    @Parameters(index = "0", description = "The demo's directory.")
    private Path directory = Path.of("");

    @Parameters(index = "1", description = "The job's name.")
    private String name = "";

    @Override
    public Integer call() throws IOException {
        DemoDirectory demo = new DemoDirectory(directory);
        Job job = CanonicalJson.read(Files.readAllBytes(demo.job(name)), Job.class);
        Job.Result result =
                switch (job.kind()) {
                    case SOVEREIGN -> build(demo, job, "sovereign");
                    case ALONE -> build(demo, job, "alone");
                    case CENTRAL -> CentralTraining.run(demo, demo.settings().consortium(), job);
                };
        SafeFile.write(demo.result(name), CanonicalJson.write(result));
        return 0;
    }

    private static Job.Result build(DemoDirectory demo, Job job, String model) {
        DemoMember member = DemoMember.of(job.member());
        LocalTraining training = job.training();
        // All members train as long as planned, as the central one does: nothing is picked.
        StageTraining settings =
                StageTraining.full(
                                training.learningRate(),
                                training.optimizer(),
                                training.batchSequences(),
                                training.sequenceLength())
                        .scored(1);
        try (Node node = Node.open(demo.node(member), NodeProgress.silent());
                Signals _ = Signals.during(node::stop)) {
            SovereignModel made =
                    node.builds()
                            .build(
                                    BuildPlan.pretraining(
                                            model,
                                            Path.of(job.base()),
                                            NodeConfig.read(demo.node(member)).corpus(),
                                            training.totalTokens(),
                                            settings,
                                            training.seed(),
                                            DemoSettings.TABLE_TOKENS,
                                            Quantisation.F16));
            return new Job.Result(
                    made.directory().toString(),
                    made.digest().hex(),
                    List.of(
                            new Job.MemberScore(
                                    job.member(), made.baseBitsPerByte(), made.bitsPerByte())));
        }
    }
}
