package dev.tapestry.corpus.preparation;

import static dev.tapestry.corpus.preparation.PreparationPlan.requireRange;

import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The settings of the steps, in the order in which they work; a step without settings is left out.
 */
public record Steps(
        Optional<Normalisation> normalisation,
        Optional<LanguageCheck> language,
        Optional<Quality> quality,
        Optional<PersonalData> personalData,
        Optional<Contamination> contamination,
        boolean exactDuplicates,
        Optional<NearDuplicates> nearDuplicates) {

    /**
     * Unicode, control characters, line ends and spaces.
     *
     * @param collapseSpaces several spaces within a line become one; not for program code
     */
    public record Normalisation(boolean collapseSpaces) {}

    /** What is judged by its language: whole documents, or each line of them. */
    public enum Unit {
        DOCUMENT,
        PARAGRAPH
    }

    /**
     * Drops what is not in the language of its source.
     *
     * @param by what is judged
     * @param leastConfidence below it the language counts as unknown, and the text is kept
     */
    public record LanguageCheck(Unit by, double leastConfidence) {

        public LanguageCheck {
            requireRange("language: least-confidence", leastConfidence, 0, 1);
        }
    }

    /**
     * Heuristics of Gopher (Rae et al. 2021, arXiv 2112.11446, appendix A.1), C4 (Raffel et al.
     * 2020, arXiv 1910.10683) and FineWeb (Penedo et al. 2024, arXiv 2406.17557). The defaults are
     * for a member's chosen text, which is shorter and drier than the web's: what is broken goes,
     * what is terse stays. Shares are of 1.
     *
     * @param leastWords fewer words are no document (Gopher: 50)
     * @param ratiosFromWords shorter texts are not judged by any of the shares below
     * @param mostMeanWordLength in characters, of scripts that have words (Gopher: 10)
     * @param mostSymbols {@code #} and ellipses for each word (Gopher: 0.1)
     * @param leastAlphabeticWords words with a letter (Gopher: 0.8)
     * @param leastStopWords different frequent words of the language, where the language is known
     *     and the text has 50 words (Gopher: 2)
     * @param mostBulletLines of five lines or more (Gopher: 0.9)
     * @param mostEllipsisLines of five lines or more (Gopher: 0.3)
     * @param mostShortLines lines below 30 characters, of ten lines or more (FineWeb: 0.67)
     * @param mostReplacementCharacters U+FFFD: a text that somebody decoded wrongly
     * @param repetition whether repeated lines, paragraphs and n-grams are judged, with Gopher's
     *     limits
     */
    public record Quality(
            int leastWords,
            int ratiosFromWords,
            double mostMeanWordLength,
            double mostSymbols,
            double leastAlphabeticWords,
            int leastStopWords,
            double mostBulletLines,
            double mostEllipsisLines,
            double mostShortLines,
            double mostReplacementCharacters,
            boolean repetition) {

        public Quality {
            requireRange("quality: least-words", leastWords, 0, 1_000_000);
            requireRange("quality: ratios-from-words", ratiosFromWords, 0, 1_000_000);
            requireRange("quality: most-mean-word-length", mostMeanWordLength, 1, 1000);
            requireRange("quality: most-symbols", mostSymbols, 0, 1000);
            requireRange("quality: least-alphabetic-words", leastAlphabeticWords, 0, 1);
            requireRange("quality: least-stop-words", leastStopWords, 0, 10);
            requireRange("quality: most-bullet-lines", mostBulletLines, 0, 1);
            requireRange("quality: most-ellipsis-lines", mostEllipsisLines, 0, 1);
            requireRange("quality: most-short-lines", mostShortLines, 0, 1);
            requireRange("quality: most-replacement-characters", mostReplacementCharacters, 0, 1);
        }

        /** For a member's own text. */
        public static Quality standard() {
            return new Quality(5, 20, 15, 0.1, 0.6, 2, 0.9, 0.3, 0.9, 0.001, true);
        }
    }

    /** What is done with personal data. */
    public enum Action {
        /** The name of the pattern takes its place. */
        REDACT,
        /** The document is left out. */
        DROP
    }

    /** Patterns of personal data. */
    public record PersonalData(Action action, Set<PersonalPattern> patterns) {

        public PersonalData {
            EnumSet<PersonalPattern> copy = EnumSet.noneOf(PersonalPattern.class);
            copy.addAll(patterns);
            if (copy.isEmpty()) {
                throw PreparationPlan.invalid(
                        "personal-data: patterns: name at least one, or leave the step out");
            }
            patterns = Set.copyOf(copy);
        }
    }

    /**
     * Drops documents that hold text of an evaluation set (Brown et al. 2020, arXiv 2005.14165,
     * appendix C: 13-grams of words).
     *
     * @param words in a row that both hold
     * @param evaluationSets their cards must permit {@code evaluation}
     */
    public record Contamination(int words, List<Source> evaluationSets) {

        public Contamination {
            requireRange("contamination: words", words, Contaminated.LEAST_WORDS, 50);
            evaluationSets = List.copyOf(evaluationSets);
            if (evaluationSets.isEmpty()) {
                throw PreparationPlan.invalid(
                        "contamination: evaluation-sets: name at least one, or leave the step out");
            }
        }
    }

    /**
     * MinHash-LSH.
     *
     * @param shingleWords words in a row that are compared
     * @param bands documents whose signatures agree in one band are looked at
     * @param rows minima in a band
     * @param similarity of shingles, estimated, from which a document is a duplicate
     */
    public record NearDuplicates(int shingleWords, int bands, int rows, double similarity) {

        public NearDuplicates {
            requireRange("near-duplicates: shingle-words", shingleWords, 1, 50);
            requireRange("near-duplicates: bands", bands, 1, 64);
            requireRange("near-duplicates: rows", rows, 1, 32);
            requireRange("near-duplicates: similarity", similarity, 0.1, 1);
        }

        /** Finds nearly all pairs from a similarity of 0.8. */
        public static NearDuplicates standard() {
            return new NearDuplicates(5, 16, 7, 0.8);
        }
    }

    /** All steps that need nothing else to be named. */
    public static Steps standard() {
        return new Steps(
                Optional.of(new Normalisation(false)),
                Optional.of(new LanguageCheck(Unit.DOCUMENT, 0.9)),
                Optional.of(Quality.standard()),
                Optional.of(new PersonalData(Action.REDACT, EnumSet.allOf(PersonalPattern.class))),
                Optional.empty(),
                true,
                Optional.of(NearDuplicates.standard()));
    }

    /** The same without asking for languages. */
    public Steps withoutLanguage() {
        return new Steps(
                normalisation,
                Optional.empty(),
                quality,
                personalData,
                contamination,
                exactDuplicates,
                nearDuplicates);
    }
}
