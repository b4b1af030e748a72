package dev.tapestry.corpus;

import dev.tapestry.corpus.CorpusException.Code;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.yaml.YAMLMapper;
import tools.jackson.dataformat.yaml.YAMLParser;

/**
 * Reads {@code card.yaml} strictly: every key known and there once, every value of its type and
 * range, none of them an alias.
 *
 * <p>The rules and the words of a refusal are those of {@code StrictYaml} in the trust room, which
 * reads charter, run plan and settings. This room does not see that one, so that whoever prepares
 * text needs no keys and no log; change them together.
 */
final class CardFile {

    /** A card is for people to read: 64 KiB are more than enough. */
    private static final int MAX_BYTES = 64 << 10;

    private static final int MAX_VALUE_CHARACTERS = 4096;
    private static final List<String> KEYS =
            List.of(
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
                    "attribution");
    private static final Pattern LANGUAGE = Pattern.compile("[a-z]{2,3}(-[A-Za-z0-9]{2,8})*");
    private static final YAMLMapper YAML =
            YAMLMapper.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .build();

    private final Path path;

    CardFile(Path path) {
        this.path = path;
    }

    DatasetCard read() {
        JsonNode card = tree();
        if (!card.isObject()) {
            throw invalid(" is not a list of 'key: value' lines; the keys are " + KEYS);
        }
        for (String key : card.propertyNames()) {
            if (!KEYS.contains(key)) {
                throw invalid(": unknown key '%s'; the keys are %s".formatted(key, KEYS));
            }
        }
        String language = text(card, "language");
        if (!LANGUAGE.matcher(language).matches()) {
            throw invalid(
                    "language",
                    "a BCP 47 tag such as 'pt-BR', or 'mul', is expected, not \"%s\""
                            .formatted(language));
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
            byte[] bytes = bytes();
            refuseAliases(bytes);
            return YAML.readTree(bytes);
        } catch (IOException e) {
            throw new CorpusException(Code.IO, "cannot read " + path + ": " + e, e);
        } catch (JacksonException e) {
            throw new CorpusException(
                    Code.CARD_INVALID,
                    "%s is not YAML%s: %s".formatted(path, line(e), e.getOriginalMessage()),
                    e);
        } catch (IllegalArgumentException e) {
            // What the YAML library says of some damaged characters.
            throw new CorpusException(
                    Code.CARD_INVALID, path + " is not YAML: " + e.getMessage(), e);
        }
    }

    /** What lies too deep is nowhere in particular. */
    private static String line(JacksonException e) {
        return e.getLocation() == null ? "" : " (line " + e.getLocation().getLineNr() + ")";
    }

    private byte[] bytes() throws IOException {
        try (InputStream in = Files.newInputStream(path, LinkOption.NOFOLLOW_LINKS)) {
            byte[] bytes = in.readNBytes(MAX_BYTES + 1);
            if (bytes.length > MAX_BYTES) {
                throw invalid(" has more than " + MAX_BYTES + " bytes: not a file of this kind");
            }
            return bytes;
        }
    }

    /** The tree would hold an alias' name in the place of what it stands for. */
    private void refuseAliases(byte[] bytes) {
        try (JsonParser parser = YAML.createParser(bytes)) {
            while (parser.nextToken() != null) {
                if (parser instanceof YAMLParser yaml && yaml.isCurrentAlias()) {
                    throw invalid(
                            " (line %d): the alias *%s is refused; write the value itself"
                                    .formatted(
                                            yaml.currentTokenLocation().getLineNr(),
                                            yaml.getString()));
                }
            }
        }
    }

    private Set<PermittedUse> uses(JsonNode card) {
        EnumSet<PermittedUse> uses = EnumSet.noneOf(PermittedUse.class);
        for (String word : texts(card, "permitted-uses")) {
            if (!uses.add(
                    word("permitted-uses", word, PermittedUse.values(), PermittedUse::word))) {
                throw invalid("permitted-uses", "has an element twice: \"" + word + "\"");
            }
        }
        return uses;
    }

    private TextFormat format(JsonNode card) {
        String word = text(card, "text-format");
        String textField = card.has("text-field") ? text(card, "text-field") : "text";
        Optional<String> groupField =
                card.has("group-field") ? Optional.of(text(card, "group-field")) : Optional.empty();
        TextFormat[] known =
                TextFormat.words().stream()
                        .flatMap(each -> TextFormat.of(each, textField, groupField).stream())
                        .toArray(TextFormat[]::new);
        TextFormat format = word("text-format", word, known, TextFormat::word);
        if (format.textFieldName().isEmpty()
                && (card.has("text-field") || card.has("group-field"))) {
            throw invalid(
                    ": text-field and group-field go with 'text-format: json-lines' only, or with"
                            + " csv or parquet");
        }
        return format;
    }

    private String text(JsonNode card, String key) {
        return scalar(key, value(card, key));
    }

    private JsonNode value(JsonNode card, String key) {
        JsonNode value = card.get(key);
        if (value == null) {
            throw invalid(": the key '%s' is missing; the keys are %s".formatted(key, KEYS));
        }
        if (value.isNull()) {
            throw invalid(key, "has no value; write one");
        }
        return value;
    }

    private String scalar(String key, JsonNode value) {
        if (value.isContainer()) {
            throw invalid(
                    key,
                    "a string is expected, not " + (value.isArray() ? "an array" : "an object"));
        }
        if (!value.isString()) {
            throw invalid(key, "a string is expected, not " + value + "; quote it");
        }
        String text = value.stringValue();
        if (text.isBlank()) {
            throw invalid(key, "has no value; write one");
        }
        if (text.length() > MAX_VALUE_CHARACTERS) {
            throw invalid(
                    key,
                    "has %d characters, at most %d are expected"
                            .formatted(text.length(), MAX_VALUE_CHARACTERS));
        }
        return text;
    }

    private List<String> texts(JsonNode card, String key) {
        JsonNode values = value(card, key);
        if (!values.isArray()) {
            throw invalid(
                    key,
                    "an array is expected, not %s; write a list such as [a, b]"
                            .formatted(values.isObject() ? "an object" : values));
        }
        List<String> texts = new ArrayList<>();
        values.forEach(value -> texts.add(scalar(key, value)));
        return texts;
    }

    private <T> T word(String key, String word, T[] known, Function<T, String> wordOf) {
        return Stream.of(known)
                .filter(value -> wordOf.apply(value).equals(word))
                .findFirst()
                .orElseThrow(() ->
                        invalid(
                                key,
                                "one of %s is expected, not \"%s\""
                                        .formatted(Stream.of(known).map(wordOf).toList(), word)));
    }

    private CorpusException invalid(String key, String reason) {
        return invalid(": " + key + ": " + reason);
    }

    private CorpusException invalid(String reason) {
        return new CorpusException(Code.CARD_INVALID, path + reason);
    }
}
