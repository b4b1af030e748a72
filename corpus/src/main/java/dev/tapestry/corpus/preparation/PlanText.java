package dev.tapestry.corpus.preparation;

import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.TextFormat;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/**
 * A plan with its sources' cards as text in a fixed form, whose digest names it. Paths are not part
 * of it: the same text at another place gives the same.
 */
final class PlanText {

    private PlanText() {}

    static Digest digest(
            PreparationPlan plan,
            List<OpenSource> sources,
            List<OpenSource> evaluationSets,
            Optional<Digest> constitution,
            Optional<Digest> tokenizer) {
        return Digest.of(
                text(plan, sources, evaluationSets, constitution, tokenizer)
                        .getBytes(StandardCharsets.UTF_8));
    }

    private static String text(
            PreparationPlan plan,
            List<OpenSource> sources,
            List<OpenSource> evaluationSets,
            Optional<Digest> constitution,
            Optional<Digest> tokenizer) {
        StringBuilder text = new StringBuilder();
        line(text, "program", Preparation.VERSION);
        line(text, "name", plan.name());
        line(text, "purposes", plan.purposes().stream().sorted().toList());
        line(text, "seed", plan.seed());
        sources.forEach(source -> line(text, "source", source(source)));
        evaluationSets.forEach(source -> line(text, "evaluation-set", source(source)));
        Steps steps = plan.steps();
        line(text, "normalisation", steps.normalisation());
        line(text, "language", steps.language());
        line(text, "quality", steps.quality());
        line(
                text,
                "personal-data",
                steps.personalData()
                        .map(one ->
                                one.action() + " " + one.patterns().stream().sorted().toList()));
        line(text, "contamination", steps.contamination().map(Steps.Contamination::words));
        line(text, "exact-duplicates", steps.exactDuplicates());
        line(text, "near-duplicates", steps.nearDuplicates());
        line(text, "split", plan.split());
        line(text, "mixture", plan.mixture());
        line(text, "malformed-lines", plan.malformedLines());
        line(text, "constitution", constitution);
        line(text, "tokenizer", tokenizer);
        return text.toString();
    }

    private static List<Object> source(OpenSource open) {
        Source source = open.source();
        TextFormat format = open.format();
        return List.of(
                source.name(),
                format.word(),
                format.textFieldName(),
                format.groupFieldName(),
                open.language(),
                source.domain(),
                source.weight(),
                open.card().digest());
    }

    /** Lengths before values: what is in one cannot be taken for the next line. */
    private static void line(StringBuilder text, String key, Object value) {
        String written = String.valueOf(value);
        text.append(key)
                .append(' ')
                .append(written.length())
                .append(' ')
                .append(written)
                .append('\n');
    }
}
