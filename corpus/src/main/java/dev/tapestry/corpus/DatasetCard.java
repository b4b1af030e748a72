package dev.tapestry.corpus;

import dev.tapestry.consortium.Digest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * What a member declares about a data set, in {@code card.yaml} beside its text. Without a card, or
 * against it, no text file is opened. The keys are described in this package's documentation.
 *
 * @param name a title for people
 * @param licence an SPDX identifier or a sentence
 * @param category how freely the data may be had
 * @param language a BCP 47 tag such as {@code pt-BR}, or {@code mul} for several
 * @param residency where the text must stay: a country or region such as {@code FI} or {@code EU}
 * @param permittedUses everything that the text may be used for
 * @param textFormat how documents stand in the files
 * @param files paths relative to the card; empty: every file with the format's ending
 * @param attribution what must be said about the origin when the text is used; may be empty
 */
public record DatasetCard(
        String name,
        String licence,
        DataCategory category,
        String language,
        String residency,
        Set<PermittedUse> permittedUses,
        TextFormat textFormat,
        List<String> files,
        String attribution) {

    /** The name of the card's file in a corpus directory. */
    public static final String FILE_NAME = "card.yaml";

    public DatasetCard {
        EnumSet<PermittedUse> uses = EnumSet.noneOf(PermittedUse.class);
        uses.addAll(permittedUses);
        permittedUses = Set.copyOf(uses);
        files = List.copyOf(files);
    }

    /** Reads and checks the card of a corpus directory; nothing else in it is opened. */
    public static DatasetCard read(Path corpusDirectory) {
        return new CardFile(corpusDirectory.resolve(FILE_NAME)).read();
    }

    /** Refuses with {@code USE_NOT_PERMITTED} when the card does not list {@code purpose}. */
    public void require(PermittedUse purpose) {
        if (!permittedUses.contains(purpose)) {
            throw new CorpusException(
                    CorpusException.Code.USE_NOT_PERMITTED,
                    "the card of '%s' does not permit %s; it permits: %s"
                            .formatted(name, purpose.word(), String.join(", ", useWords())));
        }
    }

    /** The SHA-256 digest of {@link #yaml()}: comments and layout of the file do not change it. */
    public Digest digest() {
        return Digest.of(yaml().getBytes(StandardCharsets.UTF_8));
    }

    /** The card as YAML with its keys in a fixed order. */
    public String yaml() {
        StringBuilder yaml = new StringBuilder();
        yaml.append("name: ").append(quoted(name)).append('\n');
        yaml.append("licence: ").append(quoted(licence)).append('\n');
        yaml.append("category: ").append(category.word()).append('\n');
        yaml.append("language: ").append(quoted(language)).append('\n');
        yaml.append("residency: ").append(quoted(residency)).append('\n');
        yaml.append("permitted-uses: [").append(String.join(", ", useWords())).append("]\n");
        yaml.append("text-format: ").append(textFormat.word()).append('\n');
        textFormat
                .textFieldName()
                .ifPresent(field -> yaml.append("text-field: ").append(quoted(field)).append('\n'));
        textFormat
                .groupFieldName()
                .ifPresent(
                        field -> yaml.append("group-field: ").append(quoted(field)).append('\n'));
        if (!files.isEmpty()) {
            yaml.append("files: [")
                    .append(
                            files.stream()
                                    .map(DatasetCard::quoted)
                                    .collect(Collectors.joining(", ")))
                    .append("]\n");
        }
        if (!attribution.isEmpty()) {
            yaml.append("attribution: ").append(quoted(attribution)).append('\n');
        }
        return yaml.toString();
    }

    /** Writes {@link #yaml()} as the card of a corpus directory. */
    public void write(Path corpusDirectory) {
        WholeFile.write(
                corpusDirectory.resolve(FILE_NAME), yaml().getBytes(StandardCharsets.UTF_8));
    }

    private Set<String> useWords() {
        return permittedUses.stream()
                .map(PermittedUse::word)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** A YAML double-quoted scalar; control characters are escaped by their number. */
    private static String quoted(String value) {
        StringBuilder quoted = new StringBuilder("\"");
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == '"' || c == '\\') {
                quoted.append('\\').append(c);
            } else if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029) {
                quoted.append("\\u%04x".formatted((int) c));
            } else {
                quoted.append(c);
            }
        }
        return quoted.append('"').toString();
    }
}
