package dev.tapestry.corpus.preparation;

import dev.tapestry.corpus.CorpusException;
import dev.tapestry.corpus.CorpusException.Code;
import dev.tapestry.corpus.HeldOutSplit;
import dev.tapestry.corpus.PermittedUse;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What is made of which text: sources in the order in which they count, the steps with their
 * settings, and how the result is split and mixed. The keys of its file are described in this
 * package's documentation.
 *
 * @param name of the prepared data set, for its card
 * @param purposes what it is to be used for; each source's card is asked for all of them
 * @param seed of the hash functions of near-duplicate search and of the choice of repeated text
 * @param sources the earlier is kept where two hold the same
 * @param steps the settings of each step
 * @param split which groups are never trained on
 * @param mixture how much of each domain is trained on
 * @param malformedLines how many lines that are no documents are left out before it is refused
 * @param tokenizer a model directory or {@code tokenizer.json}; with one, token shards are made
 */
public record PreparationPlan(
        String name,
        Set<PermittedUse> purposes,
        long seed,
        List<Source> sources,
        Steps steps,
        HeldOutSplit split,
        Mixture mixture,
        int malformedLines,
        Optional<Path> tokenizer) {

    private static final int MAX_SOURCES = 1000;

    public PreparationPlan {
        purposes = Set.copyOf(purposes);
        sources = List.copyOf(sources);
        if (name.isBlank() || name.length() > 200) {
            throw invalid("name has 1 to 200 characters, not " + name.length());
        }
        if (sources.isEmpty() || sources.size() > MAX_SOURCES) {
            throw invalid("sources: 1 to 1000 are expected, not " + sources.size());
        }
        if (purposes.isEmpty()) {
            throw invalid("purposes: name at least one, such as private-cpt");
        }
        if (malformedLines < 0) {
            throw invalid("malformed-lines is 0 or more, not " + malformedLines);
        }
        Set<String> names = new HashSet<>();
        Map<String, Double> weights = new HashMap<>();
        for (Source source : sources) {
            double weight = weights.computeIfAbsent(source.domain(), _ -> source.weight());
            if (weight != source.weight()) {
                throw invalid(
                        "sources: the domain '%s' has the weights %s and %s; give it one"
                                .formatted(source.domain(), weight, source.weight()));
            }
            if (!names.add(source.name())) {
                throw invalid(
                        "sources: two are called '%s'; give one another name"
                                .formatted(source.name()));
            }
        }
    }

    /** All default steps on these sources, for private continued pre-training. */
    public static PreparationPlan standard(String name, List<Source> sources) {
        return new PreparationPlan(
                name,
                Set.of(PermittedUse.PRIVATE_CPT, PermittedUse.EVALUATION),
                1,
                sources,
                Steps.standard(),
                new HeldOutSplit(0.05),
                Mixture.asItIs(),
                100,
                Optional.empty());
    }

    /** The same with other settings of steps. */
    public PreparationPlan with(Steps other) {
        return new PreparationPlan(
                name, purposes, seed, sources, other, split, mixture, malformedLines, tokenizer);
    }

    /** The same with another split. */
    public PreparationPlan with(HeldOutSplit other) {
        return new PreparationPlan(
                name, purposes, seed, sources, steps, other, mixture, malformedLines, tokenizer);
    }

    /** The same with another mixture. */
    public PreparationPlan with(Mixture other) {
        return new PreparationPlan(
                name, purposes, seed, sources, steps, split, other, malformedLines, tokenizer);
    }

    /** The same with a tokenizer. */
    public PreparationPlan withTokenizer(Path other) {
        return new PreparationPlan(
                name,
                purposes,
                seed,
                sources,
                steps,
                split,
                mixture,
                malformedLines,
                Optional.of(other));
    }

    /** The same with another limit of lines that are no documents. */
    public PreparationPlan withMalformedLines(int other) {
        return new PreparationPlan(
                name, purposes, seed, sources, steps, split, mixture, other, tokenizer);
    }

    static CorpusException invalid(String reason) {
        return new CorpusException(Code.PLAN_INVALID, reason);
    }

    static double requireRange(String key, double value, double least, double most) {
        if (!(value >= least && value <= most)) {
            throw invalid("%s lies between %s and %s, not %s".formatted(key, least, most, value));
        }
        return value;
    }

    static int requireRange(String key, int value, int least, int most) {
        if (value < least || value > most) {
            throw invalid("%s lies between %d and %d, not %d".formatted(key, least, most, value));
        }
        return value;
    }
}
