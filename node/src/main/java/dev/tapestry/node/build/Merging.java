package dev.tapestry.node.build;

import dev.tapestry.aggregation.OfflineMerge;
import dev.tapestry.aggregation.OfflineRule;
import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.chat.ChatTemplate;
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
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/**
 * Makes one model of several that were built of one base. Every λ (and density) is tried without
 * training; of those that keep enough of every model's gain, and of what the base knew, the one
 * that keeps most of the model that keeps least takes the name.
 */
public final class Merging {

    private final Workbench bench;

    /** Merges models of {@code home}. */
    public Merging(
            NodeHome home,
            BundledTexts bundledTexts,
            Compute compute,
            NodeProgress progress,
            StopSignal stop,
            InstantSource clock) {
        this(new Workbench(home, bundledTexts, compute, progress, stop, clock));
    }

    Merging(Workbench bench) {
        this.bench = bench;
    }

    /** A model that goes in. */
    private record Member(Lineage lineage, Path model) {
        Digest digest() {
            return lineage.model();
        }
    }

    /**
     * The texts that a model is measured on, and its card while its texts are the prepared ones.
     */
    private record Measured(MergeResult.Part part, MemberTexts.Measured texts, BuildCard card)
            implements AutoCloseable {
        @Override
        public void close() {
            texts.close();
        }
    }

    /**
     * Merges.
     *
     * @throws NodeException {@code WRONG_MODEL}: a model is not there, or they are not of one base;
     *     {@code POLICY}: data of one was withdrawn; {@code STOPPED}, {@code STORAGE}
     */
    public MergeResult run(MergePlan plan) {
        List<Member> members = plan.of().stream().map(this::member).toList();
        Digest base = oneBase(members);
        Path place = baseOf(members.getFirst().lineage(), base);
        bench.began("%s of %s".formatted(plan.name(), String.join(", ", plan.of())));
        Path work = work(plan);
        List<Measured> measured = new ArrayList<>();
        try {
            for (Member member : members) {
                measured.add(measured(plan, member, place, base));
            }
            return merged(plan, members, measured, place, base, work);
        } finally {
            measured.forEach(Measured::close);
            delete(work);
        }
    }

    private MergeResult merged(
            MergePlan plan,
            List<Member> members,
            List<Measured> measured,
            Path base,
            Digest digest,
            Path work) {
        Optional<ChatTemplate> template = template(members);
        Path from = fitting(base, digest, template, work);
        List<Path> weighted = new ArrayList<>();
        for (int i = 0; i < members.size(); i++) {
            Member member = members.get(i);
            Path fitting = fitting(member.model(), member.digest(), template, work);
            weighted.add(weighted(from, fitting, plan.weights().get(i), work.resolve("part-" + i)));
        }
        List<MergeResult.Trial> tried = new ArrayList<>();
        List<Path> models = new ArrayList<>();
        for (MergePlan.Way way : plan.ways()) {
            Path model = work.resolve("way-" + models.size());
            merge(way.rule(), from, weighted, model);
            tried.add(trial(plan, way, model, measured));
            models.add(model);
        }
        Optional<MergeResult.Trial> accepted =
                tried.stream()
                        .filter(trial -> trial.passes(plan))
                        .max(Comparator.comparingDouble(MergeResult.Trial::leastKeptPercent));
        Optional<Path> published =
                accepted.map(trial ->
                        publish(
                                plan,
                                members,
                                measured,
                                base,
                                digest,
                                trial,
                                models.get(tried.indexOf(trial))));
        return new MergeResult(
                digest, measured.stream().map(Measured::part).toList(), tried, accepted, published);
    }

    private Member member(String name) {
        Path model = bench.home().sovereign(name);
        Digest digest = Workbench.base(model);
        bench.withdrawn().requireBase(digest);
        return new Member(
                bench.registry()
                        .named(name)
                        .orElseThrow(() ->
                                new NodeException(
                                        Code.WRONG_MODEL,
                                        "nothing is written of how '%s' was made; build it first"
                                                .formatted(name))),
                model);
    }

    private static Digest oneBase(List<Member> members) {
        TreeSet<String> bases = new TreeSet<>();
        members.forEach(member ->
                bases.add(
                        "%s of %s"
                                .formatted(
                                        member.lineage().name(), member.lineage().parent().hex())));
        if (members.stream().map(member -> member.lineage().parent()).distinct().count() > 1) {
            throw new NodeException(
                    Code.WRONG_MODEL,
                    "only models of one base can be merged, not %s; move them onto one first (tapestry build rebase)"
                            .formatted(String.join(", ", bases)));
        }
        return members.getFirst().lineage().parent();
    }

    private Path baseOf(Lineage lineage, Digest digest) {
        Path named = bench.base(lineage.plan(), bench.place(lineage));
        if (Files.isDirectory(named) && SovereignBuild.digest(named).equals(digest)) {
            return named;
        }
        return bench.models()
                .find(digest)
                .orElseThrow(() ->
                        new NodeException(
                                Code.WRONG_MODEL,
                                "the base %s is no longer in %s; put it back"
                                        .formatted(digest.abbreviated(), named)));
    }

    private Measured measured(MergePlan plan, Member member, Path base, Digest digest) {
        Lineage lineage = member.lineage();
        Path place = bench.place(lineage);
        bench.prepare(lineage.plan(), place);
        BuildCard card = bench.card(asMerged(plan, lineage, base), place);
        MemberTexts.Measured texts =
                bench.texts().measured(lineage.plan().evaluation(), place, base);
        try {
            String name = lineage.name();
            return new Measured(
                    new MergeResult.Part(
                            name,
                            member.digest(),
                            bench.loss(name, "the base", base, digest, texts),
                            bench.loss(name, "the model", member.model(), member.digest(), texts)),
                    texts,
                    card);
        } catch (RuntimeException e) {
            texts.close();
            throw e;
        }
    }

    /** A model's plan as the merged model has it. */
    private static BuildPlan asMerged(MergePlan plan, Lineage lineage, Path base) {
        return lineage.plan()
                .called(plan.name())
                .withBase(base.toAbsolutePath().normalize().toString());
    }

    /** All must speak one template, for a turn cannot end in two ways. */
    private static Optional<ChatTemplate> template(List<Member> members) {
        List<ChatTemplate> templates =
                members.stream()
                        .flatMap(member -> member.lineage().plan().chatTemplate().stream())
                        .distinct()
                        .toList();
        if (templates.size() > 1) {
            throw new NodeException(
                    Code.WRONG_MODEL,
                    "models of different chat templates cannot be merged: " + templates);
        }
        return templates.stream().findFirst();
    }

    /** The model with the template's tokens, so that all have the same tensors. */
    private static Path fitting(
            Path model, Digest digest, Optional<ChatTemplate> template, Path work) {
        if (template.isEmpty()) {
            return model;
        }
        Path target = work.resolve("with-template-" + digest.hex());
        try (ModelDirectory directory = ModelDirectory.open(model)) {
            VocabularyExtension.forChat(directory, template.orElseThrow(), target);
        }
        return target;
    }

    /** θ + w δ. */
    private static Path weighted(Path base, Path model, double weight, Path target) {
        if (weight == 1) {
            return model;
        }
        try (ModelDirectory from = ModelDirectory.open(base);
                ModelDirectory learnt = ModelDirectory.open(model);
                ModelDirectory onto = ModelDirectory.open(base)) {
            OfflineMerge.run(new OfflineRule.Rebase(weight), from, List.of(learnt, onto), target);
        }
        return target;
    }

    private static void merge(OfflineRule rule, Path base, List<Path> models, Path target) {
        List<ModelDirectory> open = new ArrayList<>();
        try (ModelDirectory from = ModelDirectory.open(base)) {
            for (Path model : models) {
                open.add(ModelDirectory.open(model));
            }
            OfflineMerge.run(rule, from, open, target);
        } finally {
            open.forEach(ModelDirectory::close);
        }
    }

    private MergeResult.Trial trial(
            MergePlan plan, MergePlan.Way way, Path model, List<Measured> measured) {
        Digest digest = SovereignBuild.digest(model);
        List<MergeResult.Kept> kept =
                measured.stream()
                        .map(each ->
                                MergeResult.Kept.of(
                                        each.part(),
                                        bench.loss(
                                                plan.name(),
                                                way.words() + " on " + each.part().name(),
                                                model,
                                                digest,
                                                each.texts())))
                        .toList();
        return new MergeResult.Trial(way.words(), way.scale(), way.density(), kept);
    }

    /** Its own text is the first model's: of the others' the trial tells. */
    private Path publish(
            MergePlan plan,
            List<Member> members,
            List<Measured> measured,
            Path base,
            Digest digest,
            MergeResult.Trial trial,
            Path model) {
        Lineage first = members.getFirst().lineage();
        BuildPlan kept = asMerged(plan, first, base);
        Digest merged = SovereignBuild.digest(model);
        BuildResult.Loss before = measured.getFirst().part().base();
        BuildResult.Loss after = trial.kept().getFirst().loss();
        Lineage lineage =
                new Lineage(
                        merged,
                        plan.name(),
                        first.level(),
                        digest,
                        ModelOrigin.find(base),
                        kept,
                        new Lineage.Way.Merged(
                                members.stream().map(Member::digest).toList(), plan, trial.way()),
                        List.of(),
                        before,
                        after,
                        first.place(),
                        Optional.empty());
        BuildCard card = measured.stream().map(Measured::card).reduce(BuildCard::and).orElseThrow();
        return bench.models()
                .publish(
                        kept,
                        base,
                        model,
                        Optional.empty(),
                        lineage,
                        card.text(
                                digest,
                                before,
                                "merged of %s, %s"
                                        .formatted(String.join(", ", plan.of()), trial.way()),
                                merged,
                                0,
                                after));
    }

    private Path work(MergePlan plan) {
        Path work = bench.home().builds().resolve("merge").resolve(plan.name());
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
}
