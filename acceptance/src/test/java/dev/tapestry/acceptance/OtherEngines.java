package dev.tapestry.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What others make of our models, and how it is compared with what we make of them. */
final class OtherEngines {

    private static final JsonMapper JSON = JsonMapper.builder().build();

    private OtherEngines() {}

    /** Asks llama.cpp for ids, probabilities and continuations of sentences. */
    static JsonNode ask(Path folder, Path model, Path gguf, List<String> sentences, int tokens)
            throws IOException, InterruptedException {
        Path asked = folder.resolve("asked.json");
        Path answers = folder.resolve("answers.json");
        Files.write(
                asked,
                JSON.writeValueAsBytes(
                        Map.of(
                                "gguf", gguf.toString(),
                                "tokenizer", JSON.readTree(model.resolve("tokenizer.json")),
                                "tokenizerConfig",
                                        JSON.readTree(model.resolve("tokenizer_config.json")),
                                "sentences", sentences,
                                "tokens", tokens)));
        Npm.agree(asked, answers);
        return JSON.readTree(answers);
    }

    /** Compares logits up to the constant that a softmax takes away, where they are not noise. */
    static void assertSame(
            String sentence, float[] logits, float[] probabilities, double tolerance) {
        assertThat(probabilities).as(sentence).hasSameSizeAs(logits);
        double sum = IntStream.range(0, logits.length).mapToDouble(i -> Math.exp(logits[i])).sum();
        for (int id = 0; id < logits.length; id++) {
            double ours = logits[id] - Math.log(sum);
            if (ours > -20) {
                assertThat(Math.log(probabilities[id]))
                        .as("%s: id %d", sentence, id)
                        .isCloseTo(ours, within(tolerance));
            }
        }
    }

    static List<Integer> integers(JsonNode array) {
        return array.valueStream().map(JsonNode::asInt).toList();
    }

    static float[] floats(JsonNode array) {
        float[] values = new float[array.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = array.get(i).floatValue();
        }
        return values;
    }
}
