package dev.tapestry.node.build;

import dev.tapestry.aggregation.OfflineMerge;
import dev.tapestry.aggregation.OfflineRule;
import dev.tapestry.aggregation.TaskConflict;
import dev.tapestry.consortium.Digest;
import dev.tapestry.node.Compute;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.NodeProgress;
import dev.tapestry.node.StopSignal;
import dev.tapestry.training.VocabularyExtension;
import dev.tapestry.weights.Drafts;
import dev.tapestry.weights.ModelDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Moves a model that was built of one base to a newer one that descends from it, without starting
 * over: the cheapest way first, until one passes the gate.
 *
 * <ol>
 *   <li>What it has learnt, D − B₀, times λ on top of the newer base (task arithmetic, arXiv
 *       2212.04089), for each λ;
 *   <li>the best of these, trained on a share of the plan's tokens;
 *   <li>the plan again, on the newer base.
 * </ol>
 *
 * <p>Kept of the gain is (loss(B₀) − loss) ÷ (loss(B₀) − loss(D)) on the member's own text: what a
 * newer base has learnt of that text by itself counts too.
 */
public final class Rebase {

    private static final Comparator<Candidate> BY_LOSS =
            Comparator.comparingDouble(candidate -> candidate.trial().loss().own());

    private final Workbench bench;

    /** Rebases models of {@code home}. */
    public Rebase(
            NodeHome home,
            BundledTexts bundledTexts,
            Compute compute,
            NodeProgress progress,
            StopSignal stop,
            InstantSource clock) {
        this.bench = new Workbench(home, bundledTexts, compute, progress, stop, clock);
    }

    /** A base or a model, and what it is. */
    private record Known(Path path, Digest digest, BuildResult.Loss loss) {}

    /** A way that was tried, and the model that it gave. */
    private record Candidate(
            RebaseResult.Trial trial, Path model, Digest digest, List<StageResult> stages) {}

    /**
     * Moves the model that a plan has made.
     *
     * @param file the plan, which names the base that it was made from
     * @param newer a model directory with the same tensors and tokenizer
     * @throws NodeException {@code WRONG_MODEL} if there is no such model, or it was not made of
     *     the plan's base; otherwise as {@link BuildRun#run}
     */
    public RebaseResult run(Path file, Path newer, RebasePlan how) {
        return run(BuildPlan.read(file), BuildPlan.place(file), newer, how);
    }

    /**
     * Names of the models that were built of one before it was moved, and are so still. What was
     * merged is not among them: see {@link #merged}.
     */
    public List<String> children(RebaseResult moved) {
        return movable(moved).map(Lineage::name).toList();
    }

    /** Names of the models that were merged onto one: they are not moved, but merged again. */
    public List<String> merged(RebaseResult moved) {
        return bench.models().children(moved.was()).stream()
                .filter(Rebase::isMerged)
                .map(Lineage::name)
                .toList();
    }

    private Stream<Lineage> movable(RebaseResult moved) {
        return bench.models().children(moved.was()).stream().filter(child -> !isMerged(child));
    }

    /** The plan of a merged model is that of another one. */
    private static boolean isMerged(Lineage lineage) {
        return lineage.way() instanceof Lineage.Way.Merged;
    }

    /**
     * Moves the models that were made of one that was moved onto it, then those that were made of
     * these. Where nothing passes, a model stays as it is, with its children; so does what was
     * merged.
     *
     * @param moved what moving the parent came to
     * @return by name, parents first
     */
    public Map<String, RebaseResult> moveChildren(RebaseResult moved, RebasePlan how) {
        Map<String, RebaseResult> results = new LinkedHashMap<>();
        moved.model()
                .ifPresent(parent -> {
                    for (Lineage child : movable(moved).toList()) {
                        RebaseResult result = run(child.plan(), bench.place(child), parent, how);
                        results.put(child.name(), result);
                        results.putAll(moveChildren(result, how));
                    }
                });
        return results;
    }

    private RebaseResult run(BuildPlan plan, Path place, Path newer, RebasePlan how) {
        Path derivative = bench.home().sovereign(plan.name());
        Digest digest = Workbench.base(derivative);
        Path base = madeOf(plan, place);
        Digest baseDigest = Workbench.base(base);
        Digest newerDigest = Workbench.base(newer);
        bench.withdrawn().requireBase(newerDigest);
        bench.withdrawn().requireBase(digest);
        requireSameTokenizer(base, newer);
        bench.began("%s onto %s".formatted(plan.name(), newer));
        bench.prepare(plan, place);
        Path work = work(digest, newerDigest);
        try (MemberTexts.Measured texts = bench.texts().measured(plan.evaluation(), place, newer);
                ModelDirectory before = ModelDirectory.open(fitting(plan, base, work));
                ModelDirectory learnt = ModelDirectory.open(derivative);
                ModelDirectory onto = ModelDirectory.open(fitting(plan, newer, work))) {
            Known from = known(plan, "the base", base, baseDigest, texts);
            Known model = known(plan, "the model", derivative, digest, texts);
            Known target = known(plan, "the newer base", newer, newerDigest, texts);
            List<TaskConflict> conflicts = TaskConflict.between(before, learnt, onto);
            Gain gain = new Gain(from.loss(), model.loss(), target.loss());
            List<Candidate> tried = new ArrayList<>();
            for (double scale : how.scales()) {
                tried.add(scaled(plan, texts, gain, scale, before, learnt, onto, work));
            }
            Optional<Candidate> passed = best(tried, how);
            if (passed.isEmpty() && how.healShare() > 0) {
                tried.add(healed(plan, place, texts, gain, how, Collections.min(tried, BY_LOSS)));
                passed = best(tried, how);
            }
            if (passed.isEmpty() && how.again()) {
                tried.add(again(plan, place, texts, gain, target));
                passed = best(tried, how);
            }
            Optional<Path> published =
                    passed.map(candidate ->
                            publish(plan, place, candidate, target, from.digest(), digest));
            return new RebaseResult(
                    digest,
                    from.loss(),
                    model.loss(),
                    target.loss(),
                    conflicts,
                    tried.stream().map(Candidate::trial).toList(),
                    passed.map(Candidate::trial),
                    published);
        } finally {
            delete(work);
        }
    }

    /** A base with the tokens that the plan's stages add, so that it has the model's tensors. */
    private static Path fitting(BuildPlan plan, Path base, Path work) {
        return plan.chatTemplate()
                .map(template -> {
                    Path target = work.resolve("with-template-" + SovereignBuild.digest(base));
                    try (ModelDirectory directory = ModelDirectory.open(base)) {
                        VocabularyExtension.forChat(directory, template, target);
                    }
                    return target;
                })
                .orElse(base);
    }

    /** The base that a model was made of: the plan's, or what that was before it was replaced. */
    private Path madeOf(BuildPlan plan, Path place) {
        Lineage lineage =
                bench.registry()
                        .named(plan.name())
                        .orElseThrow(() ->
                                new NodeException(
                                        Code.WRONG_MODEL,
                                        "nothing is written of how '%s' was made; build it first"
                                                .formatted(plan.name())));
        Path named = bench.base(plan, place);
        if (Files.isDirectory(named) && SovereignBuild.digest(named).equals(lineage.parent())) {
            return named;
        }
        return bench.models()
                .find(lineage.parent())
                .orElseThrow(() ->
                        new NodeException(
                                Code.WRONG_MODEL,
                                "'%s' was made of base %s, which is not here; the plan names %s, which is another one"
                                        .formatted(
                                                plan.name(),
                                                lineage.parent().abbreviated(),
                                                named)));
    }

    private static void requireSameTokenizer(Path base, Path newer) {
        String name = "tokenizer.json";
        try {
            if (Files.mismatch(base.resolve(name), newer.resolve(name)) >= 0) {
                throw new NodeException(
                        Code.WRONG_MODEL,
                        "%s has another tokenizer than %s; build the model anew"
                                .formatted(newer, base));
            }
        } catch (IOException e) {
            throw new NodeException(Code.STORAGE, "cannot compare tokenizers: " + e, e);
        }
    }

    /** What a candidate is compared with. */
    private record Gain(
            BuildResult.Loss base, BuildResult.Loss derivative, BuildResult.Loss newer) {

        RebaseResult.Trial trial(String way, double scale, long tokens, BuildResult.Loss loss) {
            return new RebaseResult.Trial(
                    way,
                    scale,
                    tokens,
                    loss,
                    loss.keptPercent(base, derivative),
                    loss.retentionLossPercent(newer));
        }
    }

    private Known known(
            BuildPlan plan, String what, Path path, Digest digest, MemberTexts.Measured texts) {
        return new Known(path, digest, bench.loss(plan.name(), what, path, digest, texts));
    }

    private Path work(Digest derivative, Digest newer) {
        Path work =
                bench.home()
                        .builds()
                        .resolve("rebase")
                        .resolve(derivative.abbreviated() + "-" + newer.abbreviated());
        delete(work);
        try {
            return Files.createDirectories(work);
        } catch (IOException e) {
            throw new NodeException(Code.STORAGE, "cannot make " + work + ": " + e, e);
        }
    }

    private static void delete(Path work) {
        try {
            Drafts.delete(work);
        } catch (IOException e) {
            throw new NodeException(Code.STORAGE, "cannot delete " + work + ": " + e, e);
        }
    }

    private Candidate scaled(
            BuildPlan plan,
            MemberTexts.Measured texts,
            Gain gain,
            double scale,
            ModelDirectory base,
            ModelDirectory learnt,
            ModelDirectory onto,
            Path work) {
        Path model = work.resolve("scale-" + scale);
        OfflineMerge.run(new OfflineRule.Rebase(scale), base, List.of(learnt, onto), model);
        Digest digest = SovereignBuild.digest(model);
        String way = "λ = " + scale;
        BuildResult.Loss loss = bench.loss(plan.name(), way, model, digest, texts);
        return new Candidate(gain.trial(way, scale, 0, loss), model, digest, List.of());
    }

    private Candidate healed(
            BuildPlan plan,
            Path place,
            MemberTexts.Measured texts,
            Gain gain,
            RebasePlan how,
            Candidate start) {
        Candidate at = start;
        List<StageResult> results = new ArrayList<>();
        for (BuildStage stage : plan.stages()) {
            StageMaker.Made made =
                    bench.maker()
                            .make(
                                    stage.shortened(how.healShare()),
                                    plan.guard(place),
                                    place,
                                    at.model(),
                                    at.digest(),
                                    plan.seed().orElse(1L));
            results.add(made.result());
            at = new Candidate(start.trial(), made.model(), made.digest(), results);
        }
        String way = start.trial().way() + ", healed";
        BuildResult.Loss loss = bench.loss(plan.name(), way, at.model(), at.digest(), texts);
        return new Candidate(
                gain.trial(way, start.trial().scale(), tokens(results), loss),
                at.model(),
                at.digest(),
                results);
    }

    private Candidate again(
            BuildPlan plan, Path place, MemberTexts.Measured texts, Gain gain, Known newer) {
        Path model = newer.path();
        Digest digest = newer.digest();
        List<StageResult> results = new ArrayList<>();
        for (BuildStage stage : plan.stages()) {
            StageMaker.Made made =
                    bench.maker()
                            .make(
                                    stage,
                                    plan.guard(place),
                                    place,
                                    model,
                                    digest,
                                    plan.seed().orElse(1L));
            results.add(made.result());
            model = made.model();
            digest = made.digest();
        }
        String way = "the plan again";
        BuildResult.Loss loss = bench.loss(plan.name(), way, model, digest, texts);
        return new Candidate(gain.trial(way, 0, tokens(results), loss), model, digest, results);
    }

    private static long tokens(List<StageResult> results) {
        return results.stream().mapToLong(StageResult::tokens).sum();
    }

    private static Optional<Candidate> best(List<Candidate> tried, RebasePlan how) {
        return tried.stream().filter(candidate -> candidate.trial().passes(how)).min(BY_LOSS);
    }

    private Path publish(
            BuildPlan asked,
            Path place,
            Candidate candidate,
            Known newer,
            Digest base,
            Digest derivative) {
        Path onto = newer.path().toAbsolutePath().normalize();
        BuildPlan plan =
                asked.withBase(
                        bench.models().isOfName(onto)
                                ? BuildPlan.MODEL + onto.getFileName()
                                : onto.toString());
        RebaseResult.Trial trial = candidate.trial();
        Lineage.Way way =
                trial.scale() == 0
                        ? new Lineage.Way.Trained()
                        : new Lineage.Way.Rebased(derivative, base, trial.scale(), trial.tokens());
        Optional<ModelOrigin> origin = ModelOrigin.find(newer.path());
        Lineage lineage =
                new Lineage(
                        candidate.digest(),
                        plan.name(),
                        plan.level(),
                        newer.digest(),
                        origin,
                        plan,
                        way,
                        candidate.stages(),
                        newer.loss(),
                        trial.loss(),
                        bench.placed(place),
                        bench.texts().sources(plan, place));
        return bench.models()
                .publish(
                        plan,
                        newer.path(),
                        candidate.model(),
                        Optional.empty(),
                        lineage,
                        bench.card(plan, place)
                                .text(
                                        newer.digest(),
                                        newer.loss(),
                                        "rebased, " + trial.way(),
                                        candidate.digest(),
                                        trial.tokens(),
                                        trial.loss()));
    }
}
