package dev.tapestry.node.build;

import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.PermittedUse;
import dev.tapestry.node.NodeConfig;
import dev.tapestry.node.NodeEvent.Verdict;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.NodeLog;
import dev.tapestry.node.NodeProgress;
import dev.tapestry.node.StopSignal;
import dev.tapestry.node.access.MemberCorpus;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.weights.Manifests;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Optional;

/**
 * Sovereign Builds of a node that is open: by {@link BuildRun}, as any others, and noted in the
 * node's log. Nothing of it touches the network.
 */
public final class SovereignBuild {

    private final NodeHome home;
    private final NodeConfig config;
    private final MemberCorpus corpus;
    private final NodeLog log;
    private final BuildRun builds;
    private final InstantSource clock;

    /** Builds in {@code sovereign/}. */
    public SovereignBuild(
            NodeHome home,
            NodeConfig config,
            MemberCorpus corpus,
            NodeLog log,
            NodeProgress progress,
            StopSignal stop,
            InstantSource clock) {
        this.home = home;
        this.config = config;
        this.corpus = corpus;
        this.log = log;
        this.builds =
                new BuildRun(home, BundledTexts.none(), config.compute(), progress, stop, clock);
        this.clock = clock;
    }

    /**
     * Makes a model, of the node's own text, by a plan that is kept as {@code
     * builds/plans/NAME.yaml}. An older model of the same name gives way when the new one is whole.
     *
     * @throws NodeException {@code POLICY}: the card does not permit private-cpt and evaluation; or
     *     a gate is broken; otherwise as {@link BuildRun#run}
     */
    public SovereignModel build(BuildPlan plan) {
        corpus.require(PermittedUse.PRIVATE_CPT, PermittedUse.EVALUATION);
        Path file = home.builds().resolve("plans").resolve(plan.name() + ".yaml");
        plan.write(file);
        BuildResult result = builds.run(file);
        Path directory =
                result.model()
                        .orElseThrow(() ->
                                new NodeException(
                                        Code.POLICY,
                                        "no model was made: " + result.stopped().orElseThrow()));
        BuildResult.Done last = result.stages().getLast();
        log.decided(
                clock.instant(),
                Optional.empty(),
                Verdict.BUILT,
                "%s, %s, from base %s".formatted(plan.name(), last.model(), result.base()));
        return new SovereignModel(
                config.member(),
                directory,
                last.model(),
                result.base(),
                result.stages().stream().mapToLong(BuildResult.Done::tokens).sum(),
                result.before().own(),
                last.after().own());
    }

    /** The digest of any model directory, as bases are named. */
    public static Digest digest(Path model) {
        return CanonicalJson.digest(Manifests.of(model));
    }
}
