package dev.tapestry.node.access;

import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.CorpusException;
import dev.tapestry.corpus.preparation.Lineage;
import dev.tapestry.corpus.preparation.PlanFile;
import dev.tapestry.corpus.preparation.Preparation;
import dev.tapestry.corpus.preparation.PreparationPlan;
import dev.tapestry.corpus.preparation.PreparationReport;
import dev.tapestry.corpus.preparation.ProgressListener;
import dev.tapestry.corpus.preparation.Source;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.StopSignal;
import dev.tapestry.node.constitution.Guard;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.weights.Drafts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/** Stage 0 within a build: text is prepared where only the build looks. */
public final class TextPreparation {

    private static final String LINEAGE = "lineage.json";

    private TextPreparation() {}

    /**
     * A source of a prepared text.
     *
     * @param name in the plan
     * @param content digest of all its files
     * @param card digest of its card
     */
    public record PreparedSource(String name, Digest content, Digest card) {}

    /** A file of a source. */
    private record SourceFile(String file, Digest sha256) {}

    /**
     * The digests of the cards of a plan's sources, by name.
     *
     * @throws NodeException {@code POLICY}: plan or cards do not do; {@code STORAGE}
     */
    public static SortedMap<String, Digest> cards(Path plan) {
        try {
            SortedMap<String, Digest> cards = new TreeMap<>();
            for (Source source : PlanFile.read(plan).sources()) {
                cards.put(source.name(), MemberCorpus.card(source.path()).digest());
            }
            return cards;
        } catch (CorpusException e) {
            throw MemberCorpus.unusable(e);
        }
    }

    /**
     * Writes a plan without some of its sources, elsewhere: with whole paths.
     *
     * @param plan of a preparation
     * @param sources names of those that are left out
     * @param target the new file
     */
    public static void without(Path plan, Set<String> sources, Path target) {
        YAMLMapper yaml = YAMLMapper.builder().build();
        try {
            List<Source> known = PlanFile.read(plan).sources(); // strictly, before anything else
            ObjectNode tree = (ObjectNode) yaml.readTree(Files.readAllBytes(plan));
            Path place = plan.toAbsolutePath().normalize().resolveSibling(".").normalize();
            ArrayNode old = (ArrayNode) tree.get("sources");
            ArrayNode left = yaml.createArrayNode();
            for (int i = 0; i < known.size(); i++) {
                if (!sources.contains(known.get(i).name())) {
                    left.add(old.get(i));
                }
            }
            tree.set("sources", left);
            whole(tree, place);
            SafeFile.write(target, yaml.writeValueAsString(tree));
        } catch (CorpusException e) {
            throw MemberCorpus.unusable(e);
        } catch (IOException e) {
            throw new NodeException(Code.STORAGE, "cannot read " + plan + ": " + e, e);
        }
    }

    /** Paths stand at these keys, at whatever depth. */
    private static void whole(JsonNode node, Path place) {
        if (node instanceof ObjectNode members) {
            for (String key : List.of("path", "tokenizer")) {
                if (members.path(key).isString()) {
                    String path = members.path(key).asString();
                    members.put(key, place.resolve(path).normalize().toString());
                }
            }
        }
        node.forEach(child -> whole(child, place));
    }

    /**
     * What a text was prepared of.
     *
     * @param plan of the preparation
     * @param prepared where the text lies
     */
    public static List<PreparedSource> sources(Path plan, Path prepared) {
        Path file = prepared.resolve(LINEAGE);
        Lineage lineage;
        try {
            lineage = CanonicalJson.read(SafeFile.readBytes(file), Lineage.class);
        } catch (TrustException e) {
            throw new NodeException(
                    Code.STORAGE, "%s is damaged: %s".formatted(file, e.getMessage()), e);
        }
        List<PreparedSource> sources = new ArrayList<>();
        cards(plan)
                .forEach((name, card) -> {
                    List<SourceFile> files =
                            lineage.inputs().stream()
                                    .filter(input -> input.source().equals(name))
                                    .map(input -> new SourceFile(input.file(), input.sha256()))
                                    .toList();
                    sources.add(new PreparedSource(name, CanonicalJson.digest(files), card));
                });
        return sources;
    }

    /**
     * Prepares what a plan names, unless that was done before; what was made of another plan or of
     * other text gives way.
     *
     * @param guard of the constitution whose protected domains are left out, if there is one
     * @param target where the prepared text lies afterwards, as a corpus with its card
     * @throws NodeException {@code POLICY}: plan, cards or text do not do; {@code STORAGE}; {@code
     *     STOPPED}
     */
    public static PreparationReport run(
            Path plan,
            Optional<Guard> guard,
            Path target,
            int threads,
            ProgressListener progress,
            StopSignal stop) {
        try {
            PreparationPlan read = PlanFile.read(plan);
            Preparation standard = Preparation.standard().onThreads(threads);
            Preparation preparation =
                    guard.map(one -> standard.protecting(one.data(), one.digest()))
                            .orElse(standard);
            try {
                return preparation.run(read, target, progress, stop::isToEnd);
            } catch (CorpusException e) {
                if (e.code() != CorpusException.Code.TARGET_EXISTS) {
                    throw e;
                }
                Drafts.delete(target);
                return preparation.run(read, target, progress, stop::isToEnd);
            }
        } catch (CorpusException e) {
            stop.check();
            throw MemberCorpus.unusable(e);
        } catch (IOException e) {
            throw new NodeException(Code.STORAGE, "cannot delete " + target + ": " + e, e);
        }
    }
}
