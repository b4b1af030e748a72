package dev.tapestry.corpus;

import static dev.tapestry.corpus.Refusals.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.corpus.CorpusException.Code;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DatasetCardTest {

    private static final String GOOD =
            """
            name: Debates   # a comment
            licence: free
            category: unique-open
            language: no
            residency: 'NO'
            permitted-uses: [private-cpt, evaluation]
            text-format: lines
            """;

    @TempDir Path corpus;

    @Test
    void a_card_survives_being_written_and_read() {
        DatasetCard card =
                new DatasetCard(
                        "A \"name\": with \\ and\nnewline, ελληνικά 😀",
                        "CC-BY-4.0",
                        DataCategory.SOVEREIGN,
                        "pt-BR",
                        "EU",
                        Set.of(PermittedUse.PRIVATE_CPT, PermittedUse.EVALUATION),
                        new TextFormat.JsonLines("body", Optional.of("date")),
                        List.of("a.jsonl", "b/c.jsonl"),
                        "© somebody");
        card.write(corpus);
        assertThat(DatasetCard.read(corpus)).isEqualTo(card);
        assertThat(DatasetCard.read(corpus).digest()).isEqualTo(card.digest());
    }

    @Test
    void norwegian_is_a_language_and_not_false() throws IOException {
        write(GOOD);
        DatasetCard card = DatasetCard.read(corpus);
        assertThat(card.language()).isEqualTo("no");
        assertThat(card.category()).isEqualTo(DataCategory.UNIQUE_OPEN);
        assertThat(card.textFormat()).isEqualTo(new TextFormat.Lines());
    }

    @Test
    void comments_and_order_do_not_change_the_digest() throws IOException {
        write(GOOD);
        DatasetCard one = DatasetCard.read(corpus);
        write(
                GOOD.replace("   # a comment", "")
                        .replace("private-cpt, evaluation", "evaluation, private-cpt"));
        assertThat(DatasetCard.read(corpus).digest()).isEqualTo(one.digest());
        write(GOOD.replace("licence: free", "licence: paid"));
        assertThat(DatasetCard.read(corpus).digest()).isNotEqualTo(one.digest());
    }

    @Test
    void no_card_no_reading() {
        assertRefused(() -> DatasetCard.read(corpus), Code.CARD_MISSING, "card.yaml");
        assertRefused(
                () -> CorpusReader.open(corpus.resolve("nowhere"), PermittedUse.EVALUATION),
                Code.CARD_MISSING,
                "nowhere");
    }

    @Test
    void the_use_is_checked_before_any_text_file_is_looked_at() throws IOException {
        write(GOOD);
        Files.createSymbolicLink(corpus.resolve("trap.txt"), Path.of("card.yaml"));
        assertRefused(
                () -> CorpusReader.open(corpus, PermittedUse.CONTRIBUTED_CPT),
                Code.USE_NOT_PERMITTED,
                "contributed-cpt",
                "evaluation, private-cpt");
    }

    @Test
    void an_unknown_key_is_answered_with_the_known_ones() throws IOException {
        write(GOOD + "license: free\n");
        assertRefused(
                () -> DatasetCard.read(corpus),
                Code.CARD_INVALID,
                "unknown key 'license'; the keys are [name, licence",
                "residency");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "licence: free|``|the key 'licence' is missing; the keys are [name, licence",
                "permitted-uses: [private-cpt, evaluation]|``|the key 'permitted-uses' is missing",
                "licence: free|licence: [a]|licence: a string is expected, not an array",
                "licence: free|licence: {a: b}|licence: a string is expected, not an object",
                "licence: free|licence: 7|licence: a string is expected, not 7; quote it",
                "licence: free|licence: true|licence: a string is expected, not true; quote it",
                "licence: free|licence: ''|licence: has no value; write one",
                "licence: free|licence:|licence: has no value; write one",
                "category: unique-open|category: secret|one of [open, unique-open, controlled",
                "language: no|language: Norwegian!|language: a BCP 47 tag",
                "[private-cpt, evaluation]|everything|permitted-uses: an array is expected",
                "[private-cpt, evaluation]|[all]|contributed-cpt",
                "[private-cpt, evaluation]|[evaluation, evaluation]|an element twice",
                "text-format: lines|text-format: pdf|[lines, paragraphs, files, json-lines, csv, parquet]",
                "text-format: lines|text-format: lines⏎text-field: a|json-lines' only",
                "text-format: lines|text-format: lines⏎name: again|not YAML (line 8)",
                "text-format: lines|text-format: [lines|not YAML",
                "text-format: lines|text-format: lines⏎---⏎name: two|not YAML",
                "name: Debates   # a comment|name: &a [*a, *a]|the alias *a is refused",
                "licence: free|licence: &a free⏎attribution: *a|(line 3): the alias *a is refused",
            })
    void a_bad_card_is_refused_with_the_reason(String good, String bad, String reason)
            throws IOException {
        write(GOOD.replace(good, bad.replace('⏎', '\n')));
        assertRefused(() -> DatasetCard.read(corpus), Code.CARD_INVALID, "card.yaml", reason);
    }

    @Test
    void a_card_that_is_a_link_or_too_long_is_refused() throws IOException {
        write(GOOD + "#".repeat(70_000));
        assertRefused(() -> DatasetCard.read(corpus), Code.CARD_INVALID, "more than 65536 bytes");
        Files.move(corpus.resolve("card.yaml"), corpus.resolve("other.yaml"));
        Files.createSymbolicLink(corpus.resolve("card.yaml"), Path.of("other.yaml"));
        assertRefused(() -> DatasetCard.read(corpus), Code.PATH_REFUSED, "links");
    }

    @Test
    void a_card_takes_the_place_of_an_older_one_whatever_a_killed_program_left()
            throws IOException {
        write(GOOD);
        DatasetCard card = DatasetCard.read(corpus);
        write("name: half a c");
        Path elsewhere = Files.writeString(corpus.resolve("elsewhere"), "untouched");
        Files.createSymbolicLink(corpus.resolve(".card.yaml.part"), elsewhere);
        card.write(corpus);
        assertThat(DatasetCard.read(corpus)).isEqualTo(card);
        assertThat(elsewhere).hasContent("untouched");
        assertThat(corpus.resolve(".card.yaml.part")).doesNotExist();
    }

    private void write(String card) throws IOException {
        Files.writeString(corpus.resolve("card.yaml"), card);
    }
}
