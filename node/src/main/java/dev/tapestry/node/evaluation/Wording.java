package dev.tapestry.node.evaluation;

import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** How answers are read by programs. */
final class Wording {

    static final Pattern WORD =
            Pattern.compile("[\\p{L}\\p{M}\\p{N}]++(?:['’-][\\p{L}\\p{N}]++)*+");
    static final Pattern SENTENCE = Pattern.compile("[.!?。！？؟।]+(?=\\s|$)");
    static final Pattern BULLET = Pattern.compile("\\s*[-*•]\\s+\\S");
    static final Pattern FENCE =
            Pattern.compile("```(?:json)?\\s*\\n(.*)\\n\\s*```", Pattern.DOTALL);
    static final JsonMapper JSON =
            JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

    private Wording() {}

    static String low(String text) {
        return text.replace('’', '\'').toLowerCase(Locale.ROOT);
    }

    /** Whatever the letters' case and the apostrophes' form. */
    static boolean contains(String answer, String text) {
        return low(answer).contains(low(text));
    }

    static List<String> some(List<String> texts) {
        if (texts.isEmpty() || texts.stream().anyMatch(String::isEmpty)) {
            throw new IllegalArgumentException("texts: name at least one, none empty");
        }
        return List.copyOf(texts);
    }
}
