package dev.tapestry.corpus.chat;

import dev.tapestry.corpus.CorpusException;
import dev.tapestry.corpus.CorpusException.Code;
import dev.tapestry.corpus.TextLines;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads conversations and preferences from JSON Lines. Each line is an object in one of the usual
 * forms:
 *
 * <pre>
 * conversations  {"messages": [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]}
 *                {"conversations": [{"from": "human", "value": "…"}, {"from": "gpt", "value": "…"}]}
 *                {"prompt": "…", "completion": "…"}
 *                {"instruction": "…", "input": "…", "output": "…"}
 * preferences    {"prompt": P, "chosen": A, "rejected": A}
 * judgements     {"prompt": P, "completion": A, "label": true}      or "answer" instead of "completion"
 * prompts        {"prompt": P}
 * checked        {"prompt": P, "answer": "B"}                       begins with that letter or word
 *                {"prompt": P, "format": "[0-9]{4}"}                all of it has that form
 * </pre>
 *
 * <p>P is a text, or messages of which the user's is the last. A is a text, or one message of the
 * assistant. Other keys of a line are left alone, as notes about it; other keys of a message are
 * refused, since they would be lost. A line with a key {@code review} is read only where that is
 * {@code accepted} or {@code edited}; others wait for a person. Blank lines are passed over. All
 * values are held in memory.
 *
 * @param maxRefused so many lines may be refused before the file is
 * @param maxLineBytes a longer line ends the reading
 */
public record ChatReader(int maxRefused, int maxLineBytes) {

    /** Up to a hundred lines are skipped, and a line has at most 1 MiB. */
    public static final ChatReader USUAL = new ChatReader(100, 1 << 20);

    private static final JsonMapper JSON =
            JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

    public ChatReader {
        if (maxRefused < 0 || maxLineBytes < 1) {
            throw new IllegalArgumentException(
                    "maxRefused %d or maxLineBytes %d is out of range"
                            .formatted(maxRefused, maxLineBytes));
        }
    }

    /**
     * The conversations of a file, each with an answer at its end.
     *
     * @throws CorpusException {@code TEXT_MALFORMED} beyond the limit of refused lines, {@code
     *     DOCUMENT_TOO_LARGE}, {@code NOTHING_TO_READ} or {@code IO}
     */
    public ReadLines<Conversation> conversations(Path file) {
        return read(file, ChatLine::conversation);
    }

    /** Pairs of answers; see {@link #conversations} for what is thrown. */
    public ReadLines<PreferencePair> preferences(Path file) {
        return read(file, ChatLine::preference);
    }

    /** Answers that are called good or bad. */
    public ReadLines<JudgedAnswer> judgements(Path file) {
        return read(file, ChatLine::judgement);
    }

    /** Prompts, to be answered. */
    public ReadLines<Conversation> prompts(Path file) {
        return read(file, ChatLine::prompt);
    }

    /** Prompts whose answers a program can check. */
    public ReadLines<CheckedPrompt> checked(Path file) {
        return read(file, ChatLine::checked);
    }

    /** Makes a value of a line's object; refuses with {@code IllegalArgumentException}. */
    interface Form<T> {
        T of(JsonNode line);
    }

    private <T> ReadLines<T> read(Path file, Form<T> form) {
        try (InputStream in = Files.newInputStream(file)) {
            return read(in, file.toString(), form);
        } catch (IOException e) {
            throw new CorpusException(Code.IO, "cannot read " + file + ": " + e, e);
        }
    }

    <T> ReadLines<T> read(InputStream in, String name, Form<T> form) throws IOException {
        List<T> values = new ArrayList<>();
        List<ReadLines.RefusedLine> refused = new ArrayList<>();
        int unreviewed = 0;
        TextLines lines = new TextLines(in, name, maxLineBytes);
        while (lines.next()) {
            try {
                String line = lines.text();
                if (line.isBlank()) {
                    continue;
                }
                JsonNode object = object(line);
                if (isAccepted(object)) {
                    values.add(form.of(object));
                } else {
                    unreviewed++;
                }
            } catch (CorpusException | IllegalArgumentException e) {
                refused.add(new ReadLines.RefusedLine(lines.number(), reason(e)));
                refuseTooMany(name, refused);
            }
        }
        if (values.isEmpty()) {
            throw new CorpusException(
                    Code.NOTHING_TO_READ,
                    refused.isEmpty()
                            ? name
                                    + (unreviewed == 0
                                            ? " holds no line"
                                            : " holds no line that was accepted; review them:"
                                                    + " tapestry preferences review "
                                                    + name)
                            : "%s holds no line that can be used: %s"
                                    .formatted(name, told(refused)));
        }
        return new ReadLines<>(values, refused, unreviewed);
    }

    /** Without a word of a review a line is as good as any. */
    private static boolean isAccepted(JsonNode line) {
        JsonNode review = line.get("review");
        if (review == null) {
            return true;
        }
        return switch (review.isString() ? review.stringValue() : review.toString()) {
            case "accepted", "edited" -> true;
            case "pending", "rejected" -> false;
            default ->
                    throw new IllegalArgumentException(
                            "review is %s, none of pending, accepted, edited, rejected"
                                    .formatted(review));
        };
    }

    private static JsonNode object(String line) {
        try {
            JsonNode object = JSON.readTree(line);
            if (!object.isObject()) {
                throw new IllegalArgumentException("it is not a JSON object");
            }
            return object;
        } catch (JacksonException e) {
            throw new IllegalArgumentException("it is not JSON: " + e.getOriginalMessage(), e);
        }
    }

    private void refuseTooMany(String name, List<ReadLines.RefusedLine> refused) {
        if (refused.size() > maxRefused) {
            throw new CorpusException(
                    Code.TEXT_MALFORMED,
                    "%s has more than %d lines that cannot be used: %s"
                            .formatted(name, maxRefused, told(refused)));
        }
    }

    /** The first of them. */
    private static String told(List<ReadLines.RefusedLine> refused) {
        return String.join(
                "; ",
                refused.stream()
                        .limit(3)
                        .map(line -> "line %d: %s".formatted(line.line(), line.reason()))
                        .toList());
    }

    private static String reason(RuntimeException e) {
        String message = String.valueOf(e.getMessage());
        return message.length() > 300 ? message.substring(0, 300) + "…" : message;
    }
}
