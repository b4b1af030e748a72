package dev.tapestry.node.constitution;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.node.NodeException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConstitutionTest {

    private static final String SMALL =
            """
            name: small
            languages: [en]
            protected-domains:
              - id: secret
                description: what is secret
                PART
                action: REDACT
            """;

    @TempDir Path directory;

    private Constitution read(String text) {
        return Constitution.read(RiverPeople.file(directory, text));
    }

    private Constitution with(String part) {
        return read(SMALL.replace("PART", part));
    }

    @Test
    void the_order_of_keys_is_no_matter_to_the_digest_but_every_word_is() {
        Constitution one = with("terms: {en: [alpha]}");
        assertThat(
                        read("""
                        languages: [en]
                        name: small
                        protected-domains:
                          - action: REDACT
                            terms: {en: [alpha]}
                            description: what is secret
                            id: secret
                        """)
                                .digest())
                .isEqualTo(one.digest());
        assertThat(with("terms: {en: [alphas]}").digest()).isNotEqualTo(one.digest());
    }

    @Test
    void terms_of_a_file_are_part_of_the_constitution() throws IOException {
        Files.writeString(directory.resolve("words.txt"), "# a list\nalpha\n\nbeta ray\n");
        Constitution constitution = with("term-files: {en: words.txt}");
        assertThat(constitution.digest())
                .isEqualTo(with("terms: {en: [alpha, beta ray]}").digest());
        assertThat(Guard.of(constitution).touched("a Beta  Ray")).containsExactly("secret");
    }

    @Test
    void a_file_of_terms_lies_beside_the_constitution() {
        assertThatThrownBy(() -> with("term-files: {en: ../words.txt}"))
                .hasMessageContaining("does not lie beside");
        assertThatThrownBy(() -> with("term-files: {en: /etc/hosts}"))
                .hasMessageContaining("does not lie beside");
    }

    @Test
    void a_link_to_elsewhere_does_not_lie_beside_the_constitution() throws IOException {
        Path folder = Files.createDirectory(directory.resolve("folder"));
        Path elsewhere = Files.writeString(directory.resolve("elsewhere.txt"), "alpha");
        Files.createSymbolicLink(folder.resolve("words.txt"), elsewhere);
        Path file = RiverPeople.file(folder, SMALL.replace("PART", "term-files: {en: words.txt}"));
        assertThatThrownBy(() -> Constitution.read(file))
                .isInstanceOf(NodeException.class)
                .hasMessageContaining("does not lie beside");
    }

    @Test
    void what_is_said_to_a_long_prompt_is_there_and_tone_avoids_what_can_be_found() {
        String small = SMALL.replace("PART", "terms: {en: [alpha]}").replace("[en]", "[en, de]");
        assertThatThrownBy(
                        () -> read(small + "limits: {prompt-characters: 9, say: {de: Zu lang.}}\n"))
                .hasMessageContaining("limits.say: the words that are said instead");
        assertThatThrownBy(
                        () -> read(small + "tone: {address: {de: {use: [Sie], avoid: ['*']}}}\n"))
                .hasMessageContaining("tone.address: '*' has nothing that could be found");
    }

    @Test
    void the_example_is_a_constitution() {
        Path example = Path.of("..", "docs", "examples", "constitution.yaml");
        Guard guard = Guard.read(example);
        assertThat(guard.prompt("Sing me one of the burial songs"))
                .isInstanceOf(Verdict.Refused.class);
        assertThat(guard.answer("Ask at plot c 17."))
                .isInstanceOfSatisfying(
                        Verdict.Redacted.class,
                        verdict -> assertThat(verdict.text()).isEqualTo("Ask at […]."));
        assertThat(guard.prompt("How deep is the river?")).isEqualTo(new Verdict.Allowed());
    }

    @Test
    void a_file_of_terms_that_is_missing_or_not_utf_8_is_refused() throws IOException {
        assertThatThrownBy(() -> with("term-files: {en: words.txt}"))
                .isInstanceOf(NodeException.class)
                .hasMessageContaining("words.txt");
        Files.write(directory.resolve("words.txt"), "Fähre".getBytes(StandardCharsets.ISO_8859_1));
        assertThatThrownBy(() -> with("term-files: {en: words.txt}"))
                .hasMessageContaining("save it as UTF-8");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '@',
            value = {
                "a*            @ protected-domains[0]: patterns[0] 'a*': at character 2: * has no"
                        + " end; write {0,40}",
                "(a{1,20}){20} @ it may match more than 200 characters",
                "((a|b){0,9}){0,9} @ it matches nothing at all",
                "(x            @ ) is expected",
                "x)            @ a ) without its (",
                "[]x]          @ [ ] with nothing in it",
                "x{2,1}        @ {2,1} is no range",
                "x{3,}         @ {3,} has no end",
                "(?=x)y        @ of the groups with ? there is only (?: )",
                "(x)\\1        @ references such as \\1 are not used",
                "\\p{Klingon}  @ neither a script nor one of",
                "((){200}){200}x @ what is repeated matches nothing",
                "a {2,3}b      @ any number of spaces is one",
                "a\\s{0,3}b     @ any number of spaces is one",
                "^x            @ ^ is not used; write \\b",
                "((((((((x{0,9}y){0,9}){0,9}){0,9}){0,9}){0,9}){0,9}z){1,2})     @ it may match"
                        + " more than 200",
            })
    void a_pattern_that_cannot_be_used_is_refused_with_its_place(String pattern, String reason) {
        assertThatThrownBy(() -> with("patterns: ['" + pattern + "']"))
                .isInstanceOf(NodeException.class)
                .hasMessageContaining("protected-domains[0]")
                .hasMessageContaining(reason);
    }

    @Test
    void a_pattern_finds_what_it_says() {
        Guard guard =
                Guard.of(
                        with(
                                "patterns: ['\\b(?:grave|tomb) ?(?:no\\. ?)?\\d{1,3}\\b', '[äö]x',"
                                        + " '\\p{Greek}{3}']"));
        assertThat(guard.touched("Grave No. 12")).containsExactly("secret");
        assertThat(guard.touched("tomb9, and")).containsExactly("secret");
        assertThat(guard.touched("TOMB ٣٤")).containsExactly("secret");
        assertThat(guard.touched("catatomb 9")).isEmpty();
        assertThat(guard.touched("tomb 9999")).isEmpty();
        assertThat(guard.touched("tomb 12a")).isEmpty();
        assertThat(guard.touched("A\u0308X")).containsExactly("secret");
        assertThat(guard.touched("ax")).isEmpty();
        assertThat(guard.touched("Δεν")).containsExactly("secret");
        Guard loose = Guard.of(with("patterns: ['a  [o\u0308]']"));
        assertThat(loose.touched("a \u00F6")).containsExactly("secret");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "terms: {fr: [un]}            | 'fr' is none of the languages [en]",
                "terms: {en: ['*']}           | has nothing that could be found",
                "except: {en: [x]}            | neither terms, term-files nor patterns",
                "words: {en: [x]}             | unknown key 'protected-domains[0].words'",
                "apply-to: [] , terms: {}     | not YAML",
            })
    void what_does_not_fit_is_refused(String part, String reason) {
        assertThatThrownBy(() -> with(part))
                .isInstanceOf(NodeException.class)
                .hasMessageContaining(reason);
    }

    @Test
    void a_domain_that_refuses_needs_words_in_the_first_language() {
        assertThatThrownBy(() ->
                        read(
                                SMALL.replace("PART", "terms: {en: [alpha]}")
                                        .replace("REDACT", "REFUSE")))
                .hasMessageContaining("the words that are said instead are missing in en");
    }

    @Test
    void an_id_stands_once() {
        String text = SMALL.replace("PART", "terms: {en: [alpha]}");
        assertThatThrownBy(() ->
                        read(text + "refusals: [{id: secret, terms: {en: [x]}, say: {en: No.}}]\n"))
                .hasMessageContaining("the id 'secret' stands twice");
    }
}
