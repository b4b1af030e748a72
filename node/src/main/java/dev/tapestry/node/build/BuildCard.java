package dev.tapestry.node.build;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.corpus.DatasetCard;
import dev.tapestry.node.evaluation.Change;
import dev.tapestry.node.evaluation.EvaluationResult;
import dev.tapestry.node.evaluation.Metric;
import dev.tapestry.trust.json.StrictYaml;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The {@code README.md} of a built model.
 *
 * @param plan that asked for it
 * @param member whose it is, if it was built in a node
 * @param origin of its base, where that or what it was made of was imported
 * @param texts the cards of what it learnt from
 */
record BuildCard(
        BuildPlan plan,
        Optional<MemberId> member,
        Optional<ModelOrigin> origin,
        List<DatasetCard> texts) {

    BuildCard {
        texts = List.copyOf(texts);
    }

    /** The same with the texts of another model. */
    BuildCard and(BuildCard other) {
        return new BuildCard(
                plan,
                member,
                origin,
                Stream.concat(texts.stream(), other.texts.stream()).distinct().toList());
    }

    /** Of a model that was built stage by stage. */
    String text(
            Digest base,
            BuildResult.Loss before,
            Optional<EvaluationResult> ofBase,
            List<BuildResult.Done> done) {
        StringBuilder text = new StringBuilder();
        text.append(
                """
                ---
                %slicense: other
                library_name: transformers
                pipeline_tag: text-generation
                ---

                # %s

                Sovereign Model%s: made of the base named below, on the member's own machine. It was never contributed back.

                | model | digest | tokens | own text, bits per byte | retained text |
                |---|---|---|---|---|
                """
                        .formatted(
                                languages(),
                                plan.name(),
                                member.map(id -> " of member **" + id + "**").orElse("")));
        row(text, "base", base, 0, before);
        done.forEach(
                stage -> row(text, stage.title(), stage.model(), stage.tokens(), stage.after()));
        done.getLast().suites().ifPresent(result -> suites(text, result, ofBase));
        text.append("\n## Text\n\n");
        texts.forEach(card -> text.append(line(card)));
        origin.map(ModelOrigin::text).ifPresent(text::append);
        text.append(
                """

                ## Plan

                ```yaml
                %s```

                ## Files

                `config.json`, `tokenizer.json` and `*.safetensors` are a Hugging Face model directory;
                `weights.gguf` is the same model for llama.cpp and its kin.
                """
                        .formatted(StrictYaml.text(plan, StrictYaml.Spelling.HYPHENATED)));
        return text.toString();
    }

    /** Of a model that came about in one go: moved to a newer base, or merged. */
    String text(
            Digest base,
            BuildResult.Loss before,
            String way,
            Digest model,
            long tokens,
            BuildResult.Loss after) {
        return text(
                base,
                before,
                Optional.empty(),
                List.of(
                        new BuildResult.Done(
                                way,
                                model,
                                0,
                                tokens,
                                List.of(),
                                false,
                                Optional.empty(),
                                after,
                                Optional.empty(),
                                List.of())));
    }

    private String languages() {
        TreeSet<String> languages =
                texts.stream()
                        .map(DatasetCard::language)
                        .collect(Collectors.toCollection(TreeSet::new));
        return languages.isEmpty() ? "" : "language: [" + String.join(", ", languages) + "]\n";
    }

    private static String line(DatasetCard card) {
        return "* %s, language `%s`, category `%s`, residency `%s`, licence: %s; card `%s`%s%n"
                .formatted(
                        card.name(),
                        card.language(),
                        card.category().word(),
                        card.residency(),
                        card.licence(),
                        card.digest(),
                        card.attribution().isEmpty() ? "" : ". " + card.attribution());
    }

    private static void suites(
            StringBuilder text, EvaluationResult result, Optional<EvaluationResult> ofBase) {
        text.append(
                "\n## Evaluation\n\n| task | metric | this model | base |\n|---|---|---|---|\n");
        for (Change change : Change.between(result, ofBase)) {
            text.append(
                    "| %s/%s | %s | %s | %s |\n"
                            .formatted(
                                    change.suite(),
                                    change.task(),
                                    change.now().name(),
                                    value(change.now()),
                                    change.before().map(BuildCard::value).orElse("")));
        }
        text.append("\nAfter ± stands the standard error. Suites: ");
        text.append(
                String.join(
                        ", ",
                        result.suites().stream()
                                .map(suite ->
                                        "%s (`%s`, %s)"
                                                .formatted(
                                                        suite.suite(),
                                                        suite.digest(),
                                                        suite.licence()))
                                .toList()));
        text.append(".\n");
    }

    private static String value(Metric metric) {
        return number(metric.value())
                + metric.standardError().map(error -> " ± " + number(error)).orElse("");
    }

    private static void row(
            StringBuilder text, String name, Digest model, long tokens, BuildResult.Loss loss) {
        text.append(
                String.format(
                        Locale.ROOT,
                        "| %s | `%s` | %d | %.4f | %s |%n",
                        name,
                        model,
                        tokens,
                        loss.own(),
                        loss.retained().map(BuildCard::number).orElse("")));
    }

    private static String number(double bitsPerByte) {
        return String.format(Locale.ROOT, "%.4f", bitsPerByte);
    }
}
