package dev.tapestry.node.serving;

import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.ByteLevelTokenizer;
import dev.tapestry.corpus.chat.ChatTemplate;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.build.SovereignBuild;
import dev.tapestry.training.BatchEngine;
import dev.tapestry.training.EnginePlan;
import dev.tapestry.training.Llama;
import dev.tapestry.weights.ModelDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** Loads a model to be served. */
final class ServedModel {

    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final long MAX_SETTINGS_BYTES = 16 << 20;

    private ServedModel() {}

    /**
     * Loads a Hugging Face directory and starts its engine.
     *
     * @throws NodeException {@code WRONG_MODEL} if tokenizer and weights do not belong together
     */
    static EmbeddedSource load(Path path, String name, EnginePlan plan) {
        ModelDirectory.requireIn(path);
        ByteLevelTokenizer tokenizer = ByteLevelTokenizer.open(path);
        Digest digest = SovereignBuild.digest(path);
        Optional<ChatTemplate> template = template(path, tokenizer);
        Llama llama;
        try (ModelDirectory files = ModelDirectory.open(path)) {
            llama = Llama.load(files);
        }
        if (tokenizer.vocabSize() > llama.config().vocabularySize()) {
            llama.close();
            throw new NodeException(
                    Code.WRONG_MODEL,
                    "tokenizer.json of %s has %d ids, but the model only %d: they do not belong together"
                            .formatted(
                                    path, tokenizer.vocabSize(), llama.config().vocabularySize()));
        }
        return new EmbeddedSource(
                name,
                digest,
                BatchEngine.start(llama, tokenizer.vocabSize(), plan),
                tokenizer,
                template,
                llama);
    }

    /** The template by which the model was taught to talk, if it is one of those known here. */
    static Optional<ChatTemplate> template(Path path, ByteLevelTokenizer tokenizer) {
        Path settings = path.resolve("tokenizer_config.json");
        try {
            if (!Files.exists(settings) || Files.size(settings) > MAX_SETTINGS_BYTES) {
                return Optional.empty();
            }
            String jinja = JSON.readTree(settings).path("chat_template").asString("");
            return Arrays.stream(ChatTemplate.values())
                    .filter(template -> jinja.contains(template.endOfTurn()))
                    .filter(template -> template.missing(tokenizer).isEmpty())
                    .findFirst();
        } catch (IOException | JacksonException e) {
            throw new NodeException(
                    Code.WRONG_MODEL, "cannot read %s: %s".formatted(settings, e.getMessage()), e);
        }
    }
}
