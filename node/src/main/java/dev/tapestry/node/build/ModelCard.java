package dev.tapestry.node.build;

import dev.tapestry.corpus.DatasetCard;
import dev.tapestry.trust.json.CanonicalJson;

import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** The {@code README.md} of a sovereign model: what it is, what went into it, how good it is. */
final class ModelCard {

    private ModelCard() {}

    static String text(BuildOrder order, SovereignModel model, DatasetCard corpus) {
        return """
        ---
        language: %s
        license: other
        library_name: transformers
        pipeline_tag: text-generation
        ---

        # %s

        Sovereign Model of member **%s**: the base named below, continued on the member's own
        text, on the member's own machine. It was never contributed back.

        | | |
        |---|---|
        | base | `%s` |
        | this model | `%s` |
        | stage | A, private continued pre-training |
        | tokens | %d |

        ## Held-out loss on the member's own text

        | model | bits per byte |
        |---|---|
        | base | %s |
        | this model | %s |

        ## Text

        %s, category `%s`, residency `%s`, card `%s`.
        Licence: %s
        %s%s
        ## Settings

        ```json
        %s
        ```

        ## Files

        `config.json`, `tokenizer.json` and `*.safetensors` are a Hugging Face model directory;
        `weights.gguf` is the same model as %s for llama.cpp and its kin.
        """
                .formatted(
                        corpus.language(),
                        order.name(),
                        model.member(),
                        model.base(),
                        model.digest(),
                        model.tokens(),
                        number(model.baseBitsPerByte()),
                        number(model.bitsPerByte()),
                        corpus.name(),
                        corpus.category().word(),
                        corpus.residency(),
                        corpus.digest(),
                        corpus.licence(),
                        corpus.attribution().isEmpty() ? "" : "\n" + corpus.attribution() + "\n",
                        ModelOrigin.find(order.base()).map(ModelOrigin::text).orElse(""),
                        new String(CanonicalJson.write(order.training()), StandardCharsets.UTF_8),
                        order.quantisation());
    }

    private static String number(double bitsPerByte) {
        return String.format(Locale.ROOT, "%.4f", bitsPerByte);
    }
}
