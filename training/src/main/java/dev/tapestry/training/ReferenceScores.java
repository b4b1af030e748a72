package dev.tapestry.training;

import dev.tapestry.corpus.chat.ChatTokens;
import dev.tapestry.training.TrainingException.Code;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * How probable the compared texts are to the model that alignment begins from: the sum of each
 * one's log-probabilities. Computed once and kept in a file that is bound to that model's weights
 * and to the texts; a file of other ones is computed again.
 *
 * @param sums of the texts of {@link Comparisons}, in order
 */
public record ReferenceScores(List<Double> sums) {

    private static final String FORMAT = "tapestry-reference-1";
    private static final JsonMapper JSON = JsonMapper.builder().build();

    public ReferenceScores {
        sums = List.copyOf(sums);
    }

    /**
     * The scores from {@code file} if they are of this model and these texts; else computed, and
     * kept there.
     *
     * @param reference as it is before alignment
     * @param scored is told how many texts are done; what it throws ends the scoring
     */
    public static ReferenceScores cached(
            Path file,
            Llama reference,
            Comparisons comparisons,
            AnswerScoring scoring,
            LongConsumer scored) {
        String model = reference.parameters().digest().toString();
        String texts = comparisons.digest().toString();
        ReferenceScores known = read(file, model, texts, comparisons.texts().size());
        if (known != null) {
            return known;
        }
        ReferenceScores computed = of(reference, comparisons.texts(), scoring, scored);
        computed.write(file, model, texts);
        return computed;
    }

    private static ReferenceScores of(
            Llama reference, List<ChatTokens> texts, AnswerScoring scoring, LongConsumer scored) {
        return new ReferenceScores(
                scoring.logProbabilities(reference, texts, scored).stream()
                        .map(text -> Arrays.stream(text).sum())
                        .toList());
    }

    private static @org.jspecify.annotations.Nullable ReferenceScores read(
            Path file, String model, String texts, int count) {
        if (!Files.isRegularFile(file)) {
            return null;
        }
        try {
            JsonNode json = JSON.readTree(Files.readAllBytes(file));
            JsonNode sums = json.path("sums");
            boolean fits =
                    json.path("format").asString("").equals(FORMAT)
                            && json.path("model").asString("").equals(model)
                            && json.path("texts").asString("").equals(texts)
                            && sums.isArray()
                            && sums.size() == count
                            && IntStream.range(0, count).allMatch(i -> sums.get(i).isNumber());
            return fits
                    ? new ReferenceScores(
                            IntStream.range(0, count)
                                    .mapToObj(i -> sums.get(i).doubleValue())
                                    .toList())
                    : null;
        } catch (JacksonException e) {
            return null; // cut off or damaged: it is only a copy of what can be computed
        } catch (IOException e) {
            throw new TrainingException(Code.IO, "cannot read " + file + ": " + e, e);
        }
    }

    private void write(Path file, String model, String texts) {
        ObjectNode json = JSON.createObjectNode();
        json.put("format", FORMAT).put("model", model).put("texts", texts);
        ArrayNode array = json.putArray("sums");
        sums.forEach(array::add);
        Path part = file.resolveSibling("." + file.getFileName() + ".part");
        try {
            Files.write(part, JSON.writeValueAsBytes(json));
            Files.move(
                    part,
                    file,
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new TrainingException(Code.IO, "cannot write " + file + ": " + e, e);
        }
    }
}
