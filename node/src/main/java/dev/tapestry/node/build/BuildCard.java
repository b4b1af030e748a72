package dev.tapestry.node.build;

import dev.tapestry.consortium.Digest;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The {@code README.md} of a built model. */
final class BuildCard {

    private BuildCard() {}

    static String text(
            BuildPlan plan, Digest base, BuildResult.Loss before, List<BuildResult.Done> done) {
        StringBuilder text = new StringBuilder();
        text.append(
                """
                ---
                library_name: transformers
                pipeline_tag: text-generation
                ---

                # %s

                Sovereign Model: made of the base named below, on the member's own machine. It was never contributed back.

                | model | digest | tokens | own text, bits per byte | retained text |
                |---|---|---|---|---|
                """
                        .formatted(plan.name()));
        row(text, "base", base, 0, before);
        done.forEach(
                stage -> row(text, stage.title(), stage.model(), stage.tokens(), stage.after()));
        text.append(
                """

                `config.json`, `tokenizer.json` and `*.safetensors` are a Hugging Face model directory;
                `weights.gguf` is the same model for llama.cpp and its kin.
                """);
        return text.toString();
    }

    /** The same of a model that was moved to a newer base. */
    static String rebased(
            BuildPlan plan,
            Digest base,
            BuildResult.Loss before,
            RebaseResult.Trial trial,
            Digest model) {
        return text(
                plan,
                base,
                before,
                List.of(
                        new BuildResult.Done(
                                "rebased, " + trial.way(),
                                model,
                                0,
                                trial.tokens(),
                                List.of(),
                                false,
                                Optional.empty(),
                                trial.loss())));
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
