package dev.tapestry.corpus.preparation;

import dev.tapestry.corpus.HeldOutSplit;
import dev.tapestry.corpus.PermittedUse;
import dev.tapestry.corpus.TextFormat;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * A plan as it stands in YAML, key by key: what is left out has its default. The keys are described
 * in this package's documentation; {@link #plan} checks them.
 */
public record PreparationDocument(
        Optional<String> name,
        Optional<List<String>> purposes,
        Optional<Long> seed,
        Optional<List<SourceDocument>> sources,
        Optional<StepsDocument> steps,
        Optional<HoldOutDocument> holdOut,
        Optional<MixingDocument> mixing,
        Optional<Integer> malformedLines,
        Optional<String> tokenizer) {

    /** A source. */
    public record SourceDocument(
            Optional<String> path,
            Optional<String> name,
            Optional<String> textFormat,
            Optional<String> textField,
            Optional<String> groupField,
            Optional<String> language,
            Optional<String> domain,
            Optional<Double> weight) {}

    /** The steps. */
    public record StepsDocument(
            Optional<NormalisationDocument> normalisation,
            Optional<LanguageDocument> language,
            Optional<QualityDocument> quality,
            Optional<PersonalDataDocument> personalData,
            Optional<ContaminationDocument> contamination,
            Optional<ExactDuplicatesDocument> exactDuplicates,
            Optional<NearDuplicatesDocument> nearDuplicates) {

        static StepsDocument empty() {
            return new StepsDocument(
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty());
        }
    }

    /** See {@link Steps.Normalisation}. */
    public record NormalisationDocument(
            Optional<Boolean> enabled, Optional<Boolean> collapseSpaces) {}

    /** See {@link Steps.LanguageCheck}. */
    public record LanguageDocument(
            Optional<Boolean> enabled, Optional<String> by, Optional<Double> leastConfidence) {}

    /** See {@link Steps.Quality}. */
    public record QualityDocument(
            Optional<Boolean> enabled,
            Optional<Integer> leastWords,
            Optional<Integer> ratiosFromWords,
            Optional<Double> mostMeanWordLength,
            Optional<Double> mostSymbols,
            Optional<Double> leastAlphabeticWords,
            Optional<Integer> leastStopWords,
            Optional<Double> mostBulletLines,
            Optional<Double> mostEllipsisLines,
            Optional<Double> mostShortLines,
            Optional<Double> mostReplacementCharacters,
            Optional<Boolean> repetition) {}

    /** See {@link Steps.PersonalData}. */
    public record PersonalDataDocument(
            Optional<Boolean> enabled, Optional<String> action, Optional<List<String>> patterns) {}

    /** See {@link Steps.Contamination}. */
    public record ContaminationDocument(
            Optional<Boolean> enabled,
            Optional<Integer> words,
            Optional<List<SourceDocument>> evaluationSets) {}

    /** Whether equal texts are one. */
    public record ExactDuplicatesDocument(Optional<Boolean> enabled) {}

    /** See {@link Steps.NearDuplicates}. */
    public record NearDuplicatesDocument(
            Optional<Boolean> enabled,
            Optional<Integer> shingleWords,
            Optional<Integer> bands,
            Optional<Integer> rows,
            Optional<Double> similarity) {}

    /** See {@link HeldOutSplit}. */
    public record HoldOutDocument(Optional<Double> fraction, Optional<String> salt) {}

    /** See {@link Mixture}. */
    public record MixingDocument(Optional<Double> temperature, Optional<Double> mostRepeats) {}

    /**
     * The plan.
     *
     * @param base what relative paths are relative to
     * @throws dev.tapestry.corpus.CorpusException {@code PLAN_INVALID}
     */
    public PreparationPlan plan(Path base) {
        double fraction = holdOut.flatMap(HoldOutDocument::fraction).orElse(0.05);
        PreparationPlan.requireRange("hold-out: fraction", fraction, 0, 1);
        Mixture standard = Mixture.asItIs();
        return new PreparationPlan(
                name.orElseThrow(() -> missing("name")),
                purposes.map(PreparationDocument::uses).orElse(Set.of(PermittedUse.PRIVATE_CPT)),
                seed.orElse(1L),
                sources(sources.orElseThrow(() -> missing("sources")), base),
                steps(steps.orElse(StepsDocument.empty()), base),
                new HeldOutSplit(fraction, holdOut.flatMap(HoldOutDocument::salt).orElse("")),
                new Mixture(
                        mixing.flatMap(MixingDocument::temperature).orElse(standard.temperature()),
                        mixing.flatMap(MixingDocument::mostRepeats).orElse(standard.mostRepeats())),
                malformedLines.orElse(100),
                tokenizer.map(path -> resolved(base, "tokenizer", path)));
    }

    private static Set<PermittedUse> uses(List<String> words) {
        EnumSet<PermittedUse> uses = EnumSet.noneOf(PermittedUse.class);
        words.forEach(
                word -> uses.add(one("purposes", word, PermittedUse.values(), PermittedUse::word)));
        return uses;
    }

    private static List<Source> sources(List<SourceDocument> documents, Path base) {
        return documents.stream().map(document -> source(document, base)).toList();
    }

    private static Source source(SourceDocument document, Path base) {
        Path path =
                resolved(
                        base,
                        "sources: path",
                        document.path().orElseThrow(() -> missing("sources: path")));
        String name =
                document.name()
                        .orElseGet(() -> String.valueOf(path.toAbsolutePath().getFileName()));
        String textField = document.textField().orElse("text");
        Optional<TextFormat> format =
                document.textFormat()
                        .map(word ->
                                TextFormat.of(word, textField, document.groupField())
                                        .orElseThrow(() ->
                                                PreparationPlan.invalid(
                                                        "source '%s': text-format is one of %s, not '%s'"
                                                                .formatted(
                                                                        name,
                                                                        TextFormat.words(),
                                                                        word))));
        boolean fields = document.textField().isPresent() || document.groupField().isPresent();
        if (fields && format.flatMap(TextFormat::textFieldName).isEmpty()) {
            throw PreparationPlan.invalid(
                    "source '%s': text-field and group-field go with a text-format of json-lines, csv or parquet beside them"
                            .formatted(name));
        }
        return new Source(
                name,
                path,
                format,
                document.language(),
                document.domain().orElse(name),
                document.weight().orElse(1.0));
    }

    private static Steps steps(StepsDocument document, Path base) {
        return new Steps(
                normalisation(document.normalisation()),
                language(document.language()),
                quality(document.quality()),
                personalData(document.personalData()),
                contamination(document.contamination(), base),
                document.exactDuplicates().flatMap(ExactDuplicatesDocument::enabled).orElse(true),
                nearDuplicates(document.nearDuplicates()));
    }

    private static Optional<Steps.Normalisation> normalisation(
            Optional<NormalisationDocument> own) {
        if (!own.flatMap(NormalisationDocument::enabled).orElse(true)) {
            return Optional.empty();
        }
        return Optional.of(
                new Steps.Normalisation(
                        own.flatMap(NormalisationDocument::collapseSpaces).orElse(false)));
    }

    private static Optional<Steps.LanguageCheck> language(Optional<LanguageDocument> own) {
        if (!own.flatMap(LanguageDocument::enabled).orElse(true)) {
            return Optional.empty();
        }
        String by = own.flatMap(LanguageDocument::by).orElse("document");
        return Optional.of(
                new Steps.LanguageCheck(
                        one("language: by", by, Steps.Unit.values(), PreparationDocument::word),
                        own.flatMap(LanguageDocument::leastConfidence).orElse(0.9)));
    }

    private static Optional<Steps.Quality> quality(Optional<QualityDocument> document) {
        Steps.Quality standard = Steps.Quality.standard();
        if (document.isEmpty()) {
            return Optional.of(standard);
        }
        QualityDocument own = document.get();
        if (!own.enabled().orElse(true)) {
            return Optional.empty();
        }
        return Optional.of(
                new Steps.Quality(
                        own.leastWords().orElse(standard.leastWords()),
                        own.ratiosFromWords().orElse(standard.ratiosFromWords()),
                        own.mostMeanWordLength().orElse(standard.mostMeanWordLength()),
                        own.mostSymbols().orElse(standard.mostSymbols()),
                        own.leastAlphabeticWords().orElse(standard.leastAlphabeticWords()),
                        own.leastStopWords().orElse(standard.leastStopWords()),
                        own.mostBulletLines().orElse(standard.mostBulletLines()),
                        own.mostEllipsisLines().orElse(standard.mostEllipsisLines()),
                        own.mostShortLines().orElse(standard.mostShortLines()),
                        own.mostReplacementCharacters()
                                .orElse(standard.mostReplacementCharacters()),
                        own.repetition().orElse(standard.repetition())));
    }

    private static Optional<Steps.PersonalData> personalData(Optional<PersonalDataDocument> own) {
        if (!own.flatMap(PersonalDataDocument::enabled).orElse(true)) {
            return Optional.empty();
        }
        Steps.Action action =
                one(
                        "personal-data: action",
                        own.flatMap(PersonalDataDocument::action).orElse("redact"),
                        Steps.Action.values(),
                        PreparationDocument::word);
        EnumSet<PersonalPattern> patterns = EnumSet.noneOf(PersonalPattern.class);
        own.flatMap(PersonalDataDocument::patterns)
                .orElseGet(() ->
                        Stream.of(PersonalPattern.values()).map(PersonalPattern::word).toList())
                .forEach(word ->
                        patterns.add(
                                one(
                                        "personal-data: patterns",
                                        word,
                                        PersonalPattern.values(),
                                        PersonalPattern::word)));
        return Optional.of(new Steps.PersonalData(action, patterns));
    }

    private static Optional<Steps.Contamination> contamination(
            Optional<ContaminationDocument> own, Path base) {
        if (own.isEmpty() || !own.get().enabled().orElse(true)) {
            return Optional.empty();
        }
        return Optional.of(
                new Steps.Contamination(
                        own.get().words().orElse(13),
                        sources(
                                own.get()
                                        .evaluationSets()
                                        .orElseThrow(
                                                () -> missing("contamination: evaluation-sets")),
                                base)));
    }

    private static Optional<Steps.NearDuplicates> nearDuplicates(
            Optional<NearDuplicatesDocument> own) {
        if (!own.flatMap(NearDuplicatesDocument::enabled).orElse(true)) {
            return Optional.empty();
        }
        Steps.NearDuplicates standard = Steps.NearDuplicates.standard();
        return Optional.of(
                new Steps.NearDuplicates(
                        own.flatMap(NearDuplicatesDocument::shingleWords)
                                .orElse(standard.shingleWords()),
                        own.flatMap(NearDuplicatesDocument::bands).orElse(standard.bands()),
                        own.flatMap(NearDuplicatesDocument::rows).orElse(standard.rows()),
                        own.flatMap(NearDuplicatesDocument::similarity)
                                .orElse(standard.similarity())));
    }

    private static String word(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    private static <T> T one(String key, String word, T[] known, Function<T, String> wordOf) {
        return Stream.of(known)
                .filter(value -> wordOf.apply(value).equals(word))
                .findFirst()
                .orElseThrow(() ->
                        PreparationPlan.invalid(
                                "%s: one of %s is expected, not '%s'"
                                        .formatted(
                                                key,
                                                Arrays.stream(known).map(wordOf).toList(),
                                                word)));
    }

    private static Path resolved(Path base, String key, String path) {
        try {
            return base.resolve(path).normalize();
        } catch (InvalidPathException e) {
            throw PreparationPlan.invalid(key + ": not a path: " + e.getReason());
        }
    }

    private static RuntimeException missing(String key) {
        return PreparationPlan.invalid("the key '" + key + "' is missing");
    }
}
