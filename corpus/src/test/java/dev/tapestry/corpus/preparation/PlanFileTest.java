package dev.tapestry.corpus.preparation;

import static dev.tapestry.corpus.preparation.PreparationRefusals.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.tapestry.corpus.CorpusException;
import dev.tapestry.corpus.CorpusException.Code;
import dev.tapestry.corpus.HeldOutSplit;
import dev.tapestry.corpus.PermittedUse;
import dev.tapestry.corpus.TextFormat;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class PlanFileTest {

    private static final String GOOD =
            """
            name: Council texts
            purposes: [private-cpt, evaluation]
            seed: 7
            sources:
              - path: minutes
                text-format: csv
                text-field: body
                group-field: day
                language: detect
                domain: parliament
                weight: 2
              - path: /data/web
            steps:
              normalisation: {collapse-spaces: true}
              language: {by: paragraph, least-confidence: 0.7}
              quality: {least-words: 9}
              personal-data: {action: drop, patterns: [email, id-fi]}
              contamination: {words: 10, evaluation-sets: [{path: exam}]}
              exact-duplicates: {enabled: true}
              near-duplicates: {enabled: false}
            hold-out: {fraction: 0.1, salt: s}
            mixing: {temperature: 3, most-repeats: 2}
            malformed-lines: 5
            tokenizer: ../base
            """;

    @TempDir Path directory;

    @Test
    void every_key_arrives_where_it_belongs() throws IOException {
        PreparationPlan plan = read(GOOD);
        assertThat(plan.name()).isEqualTo("Council texts");
        assertThat(plan.purposes())
                .isEqualTo(Set.of(PermittedUse.PRIVATE_CPT, PermittedUse.EVALUATION));
        assertThat(plan.sources())
                .containsExactly(
                        new Source(
                                "minutes",
                                directory.resolve("minutes"),
                                Optional.of(new TextFormat.Csv("body", Optional.of("day"))),
                                Optional.of("detect"),
                                "parliament",
                                2),
                        Source.of("web", Path.of("/data/web")));
        assertThat(plan.steps().normalisation()).hasValue(new Steps.Normalisation(true));
        assertThat(plan.steps().language())
                .hasValue(new Steps.LanguageCheck(Steps.Unit.PARAGRAPH, 0.7));
        assertThat(plan.steps().quality().orElseThrow().leastWords()).isEqualTo(9);
        assertThat(plan.steps().personalData())
                .hasValue(
                        new Steps.PersonalData(
                                Steps.Action.DROP,
                                Set.of(PersonalPattern.EMAIL, PersonalPattern.ID_FI)));
        assertThat(plan.steps().contamination().orElseThrow().words()).isEqualTo(10);
        assertThat(plan.steps().nearDuplicates()).isEmpty();
        assertThat(plan.split()).isEqualTo(new HeldOutSplit(0.1, "s"));
        assertThat(plan.mixture()).isEqualTo(new Mixture(3, 2));
        assertThat(plan.tokenizer()).hasValue(directory.resolveSibling("base"));
    }

    @Test
    void what_is_left_out_has_its_default() throws IOException {
        assertThat(read("name: x\nsources: [{path: a}]\npurposes: [private-cpt, evaluation]\n"))
                .isEqualTo(
                        PreparationPlan.standard(
                                "x", List.of(Source.of("a", directory.resolve("a")))));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "seed: 7|seeds: 7|unknown key 'seeds'; the keys there are [hold-out, malformed-lines",
                "weight: 2|weigth: 2|unknown key 'sources: weigth'",
                "least-words: 9|most-words: 9|unknown key 'steps: quality: most-words'",
                "name: Council texts||the key 'name' is missing",
                "name: Council texts|name: 7|name",
                "seed: 7|seed: '7'|seed",
                "seed: 7|seed: 7.5|seed",
                "seed: 7|seed: 7⏎seed: 8|not YAML",
                "[private-cpt, evaluation]|[everything]|purposes: one of [contributed-cpt",
                "[private-cpt, evaluation]|[]|purposes: name at least one",
                "text-format: csv|text-format: pdf|text-format is one of [lines",
                "text-format: csv|text-format: lines|go with a text-format",
                "language: detect|language: German!|BCP 47",
                "weight: 2|weight: -1|weight lies between",
                "path: /data/web|path: minutes|two are called 'minutes'",
                "path: /data/web|path: w⏎    domain: parliament|the weights 2.0 and 1.0",
                "by: paragraph|by: word|language: by: one of [document, paragraph]",
                "0.7|1.7|least-confidence lies between",
                "action: drop|action: mark|[redact, drop]",
                "[email, id-fi]|[e-mail]|patterns: one of [email",
                "words: 10|words: 3|contamination: words lies between 8 and 50",
                "evaluation-sets: [{path: exam}]|evaluation-sets: []|name at least one",
                "fraction: 0.1|fraction: 1.1|fraction lies between",
                "temperature: 3|temperature: 0.5|temperature lies between 1",
                "malformed-lines: 5|malformed-lines: -1|malformed-lines is 0 or more",
                "tokenizer: ../base|tokenizer: *a|alias",
            })
    void a_bad_plan_is_refused_with_the_reason(String good, String bad, String reason) {
        String text = GOOD.replace(good, bad == null ? "" : bad.replace('⏎', '\n'));
        assertRefused(() -> read(text), Code.PLAN_INVALID, "plan.yaml", reason);
    }

    @Test
    void a_plan_that_is_not_there_or_too_long_is_refused() {
        assertRefused(() -> PlanFile.read(directory.resolve("none.yaml")), Code.IO, "none.yaml");
        assertRefused(
                () -> read(GOOD + "#".repeat(70_000)), Code.PLAN_INVALID, "more than 65536 bytes");
    }

    @Test
    void damaged_plans_are_read_or_refused() {
        Random random = new Random(31);
        byte[] good = GOOD.getBytes(StandardCharsets.UTF_8);
        for (int round = 0; round < 2000; round++) {
            byte[] bad = good.clone();
            for (int wound = random.nextInt(4); wound >= 0; wound--) {
                bad[random.nextInt(bad.length)] = (byte) random.nextInt(256);
            }
            try {
                PlanFile.parse(bad).plan(directory);
            } catch (CorpusException e) {
                assertThat(e.code()).isEqualTo(Code.PLAN_INVALID);
            } catch (RuntimeException e) {
                fail("seed 31 round " + round + ": " + new String(bad, StandardCharsets.UTF_8), e);
            }
        }
    }

    private PreparationPlan read(String text) throws IOException {
        return PlanFile.read(Files.writeString(directory.resolve("plan.yaml"), text));
    }
}
