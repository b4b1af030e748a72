package dev.tapestry.node.evaluation;

import dev.tapestry.corpus.ByteLevelTokenizer;
import dev.tapestry.corpus.chat.ChatTemplate;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * The chat template of a model: that of {@code tokenizer_config.json}, if it is one of those that
 * are known here, or uses all markers of one. A model with another is asked in plain text, and its
 * result says so.
 */
final class ModelTemplate {

    private static final String FILE = "tokenizer_config.json";
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private ModelTemplate() {}

    static Optional<ChatTemplate> of(Path model, ByteLevelTokenizer tokenizer) {
        Path file = model.resolve(FILE);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            String jinja =
                    JSON.readTree(Files.readAllBytes(file)).path("chat_template").asString("");
            return Arrays.stream(ChatTemplate.values())
                    .filter(template -> isOf(template, jinja))
                    .filter(template -> template.missing(tokenizer).isEmpty())
                    .findFirst();
        } catch (JacksonException e) {
            throw new NodeException(
                    Code.WRONG_MODEL, file + " is no JSON: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new NodeException(Code.STORAGE, "cannot read " + file + ": " + e, e);
        }
    }

    private static boolean isOf(ChatTemplate template, String jinja) {
        return jinja.equals(template.jinja())
                || (!jinja.isEmpty()
                        && template.specialTokens().stream()
                                .filter(token -> !token.equals(ByteLevelTokenizer.BEGIN_OF_TEXT))
                                .allMatch(jinja::contains));
    }

    /** How results name it. */
    static String name(Path model) {
        return of(model, ByteLevelTokenizer.open(model)).map(Enum::name).orElse("plain");
    }
}
