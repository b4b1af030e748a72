package dev.tapestry.node;

import dev.tapestry.node.build.BuildResult;
import dev.tapestry.node.build.BuildRun;
import dev.tapestry.node.build.BundledTexts;
import dev.tapestry.node.build.Merging;
import dev.tapestry.node.build.Rebase;
import dev.tapestry.node.build.Withdrawal;
import dev.tapestry.training.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;

/** A place with a tiny base and tales, where models are built by plan; it is no node. */
record Workshop(Path directory) {

    /** With the base, the member's tales, and others that the base may be asked about. */
    static Workshop laid(Path directory) throws IOException {
        Workshop workshop = new Workshop(directory);
        Stage.base(directory.resolve("base"), 1, 16);
        workshop.corpus("corpus", Stage.CARD, "tales.txt", Stage.tales(400));
        workshop.corpus(
                "open",
                Stage.CARD,
                "tales.txt",
                Stage.tales(300).replace("moon", "mill").replace("fox", "owl"));
        return workshop;
    }

    void corpus(String name, String card, String file, String text) throws IOException {
        Path folder = Files.createDirectories(directory.resolve(name));
        Files.writeString(folder.resolve("card.yaml"), card);
        Files.writeString(folder.resolve(file), text);
    }

    /** Where models are built. */
    NodeHome home() {
        return new NodeHome(directory.resolve("home"));
    }

    BuildRun builds(NodeHome home, NodeProgress progress, StopSignal stop) {
        return new BuildRun(
                home, BundledTexts.none(), compute(), progress, stop, InstantSource.system());
    }

    BuildRun builds() {
        return builds(home(), NodeProgress.silent(), new StopSignal());
    }

    BuildResult run(Path plan) {
        return builds().run(plan);
    }

    Rebase rebases() {
        return new Rebase(
                home(),
                BundledTexts.none(),
                compute(),
                NodeProgress.silent(),
                new StopSignal(),
                InstantSource.system());
    }

    Merging merging() {
        return new Merging(
                home(),
                BundledTexts.none(),
                compute(),
                NodeProgress.silent(),
                new StopSignal(),
                InstantSource.system());
    }

    Withdrawal withdrawals(NodeProgress progress, StopSignal stop) {
        return new Withdrawal(
                home(), BundledTexts.none(), compute(), progress, stop, InstantSource.system());
    }

    private static Compute compute() {
        return Compute.of(1, Precision.FP32);
    }
}
