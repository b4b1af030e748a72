package dev.tapestry.node.build;

import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.PermittedUse;
import dev.tapestry.corpus.preparation.ProgressListener;
import dev.tapestry.node.Compute;
import dev.tapestry.node.NodeConfig;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.StopSignal;
import dev.tapestry.node.access.MemberCorpus;
import dev.tapestry.node.access.OpenText;
import dev.tapestry.node.access.TextPreparation;
import dev.tapestry.node.constitution.Guard;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** The texts that plans name: laid, prepared, opened, and refused where they are withdrawn. */
final class MemberTexts {

    private static final double HOLD_OUT = 0.05;

    private final NodeHome home;
    private final BundledTexts bundledTexts;
    private final Supplier<Withdrawn> withdrawn;
    private final Compute compute;
    private final StopSignal stop;

    MemberTexts(
            NodeHome home,
            BundledTexts bundledTexts,
            Supplier<Withdrawn> withdrawn,
            Compute compute,
            StopSignal stop) {
        this.home = home;
        this.bundledTexts = bundledTexts;
        this.withdrawn = withdrawn;
        this.compute = compute;
        this.stop = stop;
    }

    /** What must not be used. */
    Withdrawn withdrawn() {
        return withdrawn.get();
    }

    /** Lays the texts that come with the program where a plan wants them. */
    void lay(BuildPlan plan, Path place) {
        for (BuildPlan.BundledText text : plan.bundledTexts()) {
            stop.check();
            bundledTexts.lay(text.text(), place.resolve(text.to()));
        }
    }

    /**
     * Prepares the text that a plan's stages read.
     *
     * @throws NodeException {@code CONFIG_INVALID} if it reads one that it does not prepare
     */
    void prepare(BuildPlan plan, Path place, Consumer<String> began) {
        plan.requirePrepared();
        Optional<Guard> guard = plan.guard(place);
        for (BuildPlan.PreparedText text : plan.preparedTexts()) {
            stop.check();
            TextPreparation.cards(place.resolve(text.plan()))
                    .forEach((name, card) ->
                            withdrawn().require("the text '%s'".formatted(name), card));
            began.accept("stage 0, preparing " + text.name());
            TextPreparation.run(
                    place.resolve(text.plan()),
                    guard,
                    prepared(text.name()),
                    compute.threads(),
                    ProgressListener.silent(),
                    stop);
            sources(text, place)
                    .forEach(source ->
                            withdrawn()
                                    .require(
                                            "the text '%s'".formatted(source.name()),
                                            source.content()));
        }
    }

    /** What texts were prepared of. */
    Optional<List<Lineage.Source>> sources(BuildPlan plan, Path place) {
        List<Lineage.Source> sources =
                plan.preparedTexts().stream()
                        .flatMap(text -> sources(text, place).stream())
                        .toList();
        return Optional.of(sources).filter(found -> !found.isEmpty());
    }

    private List<Lineage.Source> sources(BuildPlan.PreparedText text, Path place) {
        Path prepared = prepared(text.name());
        return TextPreparation.sources(place.resolve(text.plan()), prepared).stream()
                .map(source ->
                        new Lineage.Source(
                                text.name(), source.name(), source.content(), source.card()))
                .toList();
    }

    private Path prepared(String name) {
        return home.builds().resolve("prepared").resolve(name);
    }

    /** A directory with a corpus, as a plan names it. */
    Path directory(Path place, String corpus) {
        String prefix = BuildPlan.PreparedText.PREFIX;
        return corpus.startsWith(prefix)
                ? prepared(corpus.substring(prefix.length()))
                : place.resolve(corpus);
    }

    /**
     * The texts that a plan is measured on, as tokens of a model's tokenizer.
     *
     * @param own of the member
     * @param retained that the base knew, or none
     */
    record Measured(HeldOut own, HeldOut retained, EvaluationPlan plan) implements AutoCloseable {

        @Override
        public void close() {
            own.close();
            retained.close();
        }
    }

    /** Opens the texts that a plan is measured on. */
    Measured measured(EvaluationPlan plan, Path place, Path model) {
        HeldOut own = heldOut(place, plan.own(), model);
        try {
            return new Measured(
                    own,
                    plan.retention()
                            .map(corpus -> heldOut(place, corpus, model))
                            .orElse(HeldOut.NONE),
                    plan);
        } catch (RuntimeException e) {
            own.close();
            throw e;
        }
    }

    private HeldOut heldOut(Path place, String corpus, Path model) {
        OpenText text = corpus(place, corpus).open(model, PermittedUse.EVALUATION);
        try {
            withdrawn()
                    .require(
                            "the text that it is measured on",
                            text.trainDigest(),
                            text.heldOutDigest());
            withdrawn().require("the text that it is measured on", text.card());
            return new HeldOut(text);
        } catch (RuntimeException e) {
            text.close();
            throw e;
        }
    }

    /**
     * Each text's tokens are kept apart from the others'. Of the node's own text is held out what
     * the node holds out.
     */
    MemberCorpus corpus(Path place, String text) {
        Path normal = directory(place, text).toAbsolutePath().normalize();
        Optional<NodeConfig> node = node();
        if (node.isPresent()
                && node.orElseThrow().corpus().toAbsolutePath().normalize().equals(normal)) {
            return new MemberCorpus(home, node.orElseThrow());
        }
        Digest name = Digest.of(normal.toString().getBytes(StandardCharsets.UTF_8));
        return MemberCorpus.of(
                normal,
                HOLD_OUT,
                home.builds().resolve("tokens").resolve(name.hex().substring(0, 16)));
    }

    /** The settings of the node, if this is the place of one. */
    Optional<NodeConfig> node() {
        return Files.exists(home.config()) ? Optional.of(NodeConfig.read(home)) : Optional.empty();
    }
}
