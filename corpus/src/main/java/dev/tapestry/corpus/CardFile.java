package dev.tapestry.corpus;

import dev.tapestry.corpus.CorpusException.Code;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/** Reads {@code card.yaml} strictly: every key known, every value of its type and range. */
final class CardFile {

    /** A card is for people to read: 64 KiB are more than enough. */
    private static final long MAX_BYTES = 64 << 10;

    private static final int MAX_VALUE_CHARACTERS = 4096;
    private static final Set<String> KEYS =
            new TreeSet<>(
                    Set.of(
                            "name",
                            "licence",
                            "category",
                            "language",
                            "residency",
                            "permitted-uses",
                            "text-format",
                            "text-field",
                            "group-field",
                            "files",
                            "attribution"));
    private static final Pattern LANGUAGE = Pattern.compile("[a-z]{2,3}(-[A-Za-z0-9]{2,8})*");
    private static final YAMLMapper YAML =
            YAMLMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

    private final Path path;

    CardFile(Path path) {
        this.path = path;
    }

    DatasetCard read() {
        JsonNode card = tree();
        if (!card.isObject()) {
            throw invalid("the card is not a list of 'key: value' lines");
        }
        for (String key : card.propertyNames()) {
            if (!KEYS.contains(key)) {
                throw invalid(
                        "unknown key '%s'; known are: %s".formatted(key, String.join(", ", KEYS)));
            }
        }
        String language = text(card, "language");
        if (!LANGUAGE.matcher(language).matches()) {
            throw invalid(
                    "language is a BCP 47 tag such as 'pt-BR', or 'mul'; not '" + language + "'");
        }
        return new DatasetCard(
                text(card, "name"),
                text(card, "licence"),
                word("category", text(card, "category"), DataCategory.values(), DataCategory::word),
                language,
                text(card, "residency"),
                uses(card),
                format(card),
                card.has("files") ? texts(card, "files") : List.of(),
                card.has("attribution") ? text(card, "attribution") : "");
    }

    private JsonNode tree() {
        try {
            if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
                throw new CorpusException(
                        Code.CARD_MISSING,
                        "there is no card at %s; describe the data set there before its text is used"
                                .formatted(path));
            }
            if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
                throw new CorpusException(
                        Code.PATH_REFUSED,
                        path + " is not a regular file; links are not followed in a corpus");
            }
            if (Files.size(path) > MAX_BYTES) {
                throw invalid("the card is longer than " + MAX_BYTES + " bytes");
            }
            return YAML.readTree(Files.readAllBytes(path));
        } catch (IOException e) {
            throw new CorpusException(Code.IO, "cannot read " + path + ": " + e, e);
        } catch (JacksonException | IllegalArgumentException e) {
            throw new CorpusException(
                    Code.CARD_INVALID, path + " is not YAML: " + e.getMessage(), e);
        }
    }

    private Set<PermittedUse> uses(JsonNode card) {
        EnumSet<PermittedUse> uses = EnumSet.noneOf(PermittedUse.class);
        for (String word : texts(card, "permitted-uses")) {
            uses.add(word("permitted-uses", word, PermittedUse.values(), PermittedUse::word));
        }
        return uses;
    }

    private TextFormat format(JsonNode card) {
        String word = text(card, "text-format");
        TextFormat[] known = {
            new TextFormat.Lines(),
            new TextFormat.Paragraphs(),
            new TextFormat.WholeFiles(),
            new TextFormat.JsonLines(
                    card.has("text-field") ? text(card, "text-field") : "text",
                    card.has("group-field")
                            ? Optional.of(text(card, "group-field"))
                            : Optional.empty())
        };
        TextFormat format = word("text-format", word, known, TextFormat::word);
        if (!(format instanceof TextFormat.JsonLines)
                && (card.has("text-field") || card.has("group-field"))) {
            throw invalid("text-field and group-field go with 'text-format: json-lines' only");
        }
        return format;
    }

    private String text(JsonNode card, String key) {
        JsonNode value = card.get(key);
        if (value == null) {
            throw invalid("the key '" + key + "' is missing");
        }
        return scalar(value, key);
    }

    private String scalar(JsonNode value, String key) {
        if (!value.isString() || value.stringValue().isBlank()) {
            throw invalid("'%s' must be text, not %s; quote it".formatted(key, value));
        }
        if (value.stringValue().length() > MAX_VALUE_CHARACTERS) {
            throw invalid("'" + key + "' is longer than " + MAX_VALUE_CHARACTERS + " characters");
        }
        return value.stringValue();
    }

    private List<String> texts(JsonNode card, String key) {
        JsonNode values = card.get(key);
        if (values == null || !values.isArray()) {
            throw invalid("'" + key + "' must be a list such as [a, b]");
        }
        List<String> texts = new ArrayList<>();
        values.forEach(value -> texts.add(scalar(value, key)));
        return texts;
    }

    private <T> T word(String key, String word, T[] known, Function<T, String> wordOf) {
        return Stream.of(known)
                .filter(value -> wordOf.apply(value).equals(word))
                .findFirst()
                .orElseThrow(() ->
                        invalid(
                                "'%s' is not a value of '%s'; known are: %s"
                                        .formatted(
                                                word,
                                                key,
                                                Stream.of(known)
                                                        .map(wordOf)
                                                        .collect(Collectors.joining(", ")))));
    }

    private CorpusException invalid(String reason) {
        return new CorpusException(Code.CARD_INVALID, path + ": " + reason);
    }
}
