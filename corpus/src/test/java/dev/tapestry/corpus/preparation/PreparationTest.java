package dev.tapestry.corpus.preparation;

import static dev.tapestry.corpus.preparation.PreparationRefusals.assertRefused;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.BytePairTrainer;
import dev.tapestry.corpus.CorpusException.Code;
import dev.tapestry.corpus.CorpusReader;
import dev.tapestry.corpus.DataCategory;
import dev.tapestry.corpus.DatasetCard;
import dev.tapestry.corpus.Document;
import dev.tapestry.corpus.HeldOutSplit;
import dev.tapestry.corpus.PackedCorpus;
import dev.tapestry.corpus.PermittedUse;
import dev.tapestry.corpus.TokenShard;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/** From sources to a corpus, with real debates. */
final class PreparationTest {

    private static List<Sources.Speech> speeches = List.of();

    @TempDir Path directory;

    @BeforeAll
    static void read() {
        speeches = Sources.english(300);
    }

    @Test
    void what_comes_out_is_a_corpus_that_every_other_part_can_read() {
        PreparationPlan plan = plan(debates("debates"));
        PreparationReport report = prepare(plan, "out");
        CorpusReader corpus = CorpusReader.open(directory.resolve("out"), PermittedUse.PRIVATE_CPT);
        List<Document> documents = new ArrayList<>();
        corpus.forEach(documents::add);
        assertThat(documents)
                .hasSize((int) (report.train().documents() + report.heldOut().documents()));
        // The node's own split of it holds out the same.
        assertThat(documents)
                .allMatch(document ->
                        plan.split().holdsOut(document)
                                == document.file().equals("held-out.jsonl"));
        assertThat(report.heldOut().documents()).isPositive();
    }

    @Test
    void documents_that_a_member_marks_as_one_are_on_one_side() {
        prepare(plan(debates("debates")).with(new HeldOutSplit(0.3)), "out");
        Map<String, String> sides = new TreeMap<>();
        CorpusReader.open(directory.resolve("out"), PermittedUse.EVALUATION)
                .forEach(document ->
                        assertThat(
                                        sides.computeIfAbsent(
                                                document.group().orElseThrow(),
                                                _ -> document.file()))
                                .isEqualTo(document.file()));
        assertThat(sides.values()).contains("train.jsonl", "held-out.jsonl");
    }

    @Test
    void the_same_plan_and_text_give_the_same_bytes_on_any_number_of_threads() {
        PreparationPlan plan = plan(debates("debates"), debates("again"));
        prepare(plan, "one");
        Preparation.standard()
                .onThreads(5)
                .run(plan, directory.resolve("five"), ProgressListener.silent(), StopHook.never());
        assertThat(digests("five")).isEqualTo(digests("one")).hasSize(6);
    }

    @Test
    void of_two_that_say_the_same_the_first_in_the_plan_is_kept() {
        List<String> nearly =
                speeches.stream()
                        .map(speech ->
                                Sources.json(speech.body() + " I thank you all.", speech.date()))
                        .toList();
        Path copies = Sources.directory(directory.resolve("copies"), Sources.JSON, "en", nearly);
        PreparationReport report =
                prepare(plan(debates("debates"), debates("again"), copies), "out");
        long once = report.step("exact-duplicates").documentsIn() / 3;
        assertThat(report.dropped("exact-duplicates").get("duplicate")).isEqualTo(once);
        // A sentence more changes little of a long speech, and half of a short one.
        assertThat(report.dropped("near-duplicates").get("duplicate")).isGreaterThan(once * 8 / 10);
        assertThat(report.domains().getFirst().domain()).isEqualTo("again");
        assertThat(report.domains().getFirst().documents()).isZero();
    }

    @Test
    void a_killed_preparation_begins_again_and_gives_the_same() throws IOException {
        PreparationPlan plan = plan(debates("debates"));
        prepare(plan, "whole");
        Path left = Files.createDirectories(directory.resolve(".out.preparing/draft"));
        Files.writeString(left.resolve("train.jsonl"), "{\"text\":\"half a l");
        prepare(plan, "out");
        assertThat(digests("out")).isEqualTo(digests("whole"));
        assertThat(directory.resolve(".out.preparing")).doesNotExist();
    }

    @Test
    void a_stopped_preparation_leaves_nothing_and_can_begin_again() {
        PreparationPlan plan = plan(debates("debates"));
        AtomicInteger asked = new AtomicInteger();
        for (int most : List.of(0, 2)) {
            asked.set(0);
            assertRefused(
                    () ->
                            Preparation.standard()
                                    .run(
                                            plan,
                                            directory.resolve("out"),
                                            ProgressListener.silent(),
                                            () -> asked.getAndIncrement() >= most),
                    Code.STOPPED,
                    "run it again");
            assertThat(directory.resolve("out")).doesNotExist();
            assertThat(directory.resolve(".out.preparing")).doesNotExist();
        }
        prepare(plan, "out");
        prepare(plan, "whole");
        assertThat(digests("out")).isEqualTo(digests("whole"));
    }

    @Test
    void a_second_preparation_of_the_same_target_is_refused_while_the_first_works() {
        PreparationPlan plan = plan(debates("debates"));
        AtomicInteger refused = new AtomicInteger();
        Preparation.standard()
                .run(
                        plan,
                        directory.resolve("out"),
                        (_, done, total) -> {
                            if (done == total) {
                                assertRefused(
                                        () -> prepare(plan, "out"), Code.IN_USE, "another process");
                                refused.incrementAndGet();
                            }
                        },
                        StopHook.never());
        assertThat(refused.get()).isEqualTo(ProgressListener.Phase.values().length);
        prepare(plan, "whole");
        assertThat(digests("out")).isEqualTo(digests("whole"));
    }

    @Test
    void what_is_there_already_is_reported_and_not_made_again() throws IOException {
        PreparationPlan plan = plan(debates("debates"));
        PreparationReport report = prepare(plan, "out");
        Map<String, Digest> before = digests("out");
        assertThat(prepare(plan, "out")).isEqualTo(report);
        assertThat(digests("out")).isEqualTo(before);
        assertRefused(
                () -> prepare(plan.with(new HeldOutSplit(0.2)), "out"),
                Code.TARGET_EXISTS,
                "another plan");
        Files.writeString(directory.resolve("out/train.jsonl"), "{\"text\":\"other\"}\n");
        assertRefused(() -> prepare(plan, "out"), Code.TARGET_EXISTS, "train.jsonl", "damaged");
        Files.writeString(directory.resolve("debates/a.jsonl"), Sources.json("other", "1"));
        assertRefused(() -> prepare(plan, "out"), Code.TARGET_EXISTS, "other text");
    }

    @Test
    void no_restriction_of_any_source_is_relaxed() {
        Path open = debates("open");
        Path secret =
                Sources.directory(
                        directory.resolve("secret"),
                        Sources.JSON,
                        "fi",
                        List.of(),
                        DataCategory.SOVEREIGN,
                        "FI",
                        PermittedUse.PRIVATE_CPT,
                        PermittedUse.EVALUATION);
        prepare(plan(open, secret), "out");
        DatasetCard card = DatasetCard.read(directory.resolve("out"));
        assertThat(card.permittedUses())
                .containsExactlyInAnyOrder(PermittedUse.PRIVATE_CPT, PermittedUse.EVALUATION);
        assertThat(card.category()).isEqualTo(DataCategory.SOVEREIGN);
        assertThat(card.residency()).isEqualTo("EU and FI");
        assertThat(card.language()).isEqualTo("mul");
    }

    @Test
    void every_card_is_asked_before_any_text_is_looked_at() throws IOException {
        Path trap = debates("trap");
        Files.delete(trap.resolve("a.jsonl"));
        Files.createSymbolicLink(trap.resolve("a.jsonl"), Path.of("card.yaml"));
        Path forbidden =
                Sources.directory(
                        directory.resolve("forbidden"),
                        Sources.JSON,
                        "en",
                        List.of(),
                        DataCategory.OPEN,
                        "EU",
                        PermittedUse.EVALUATION);
        assertRefused(
                () -> prepare(plan(trap, forbidden), "out"),
                Code.USE_NOT_PERMITTED,
                "forbidden",
                "private-cpt");
        assertRefused(() -> prepare(plan(trap), "out"), Code.PATH_REFUSED, "symbolic link");
    }

    @Test
    void bad_lines_are_counted_and_quoted_by_their_place_up_to_a_limit() throws IOException {
        Path source = debates("debates");
        Path file = source.resolve("a.jsonl");
        List<String> bad =
                List.of(
                        "{",
                        "[]",
                        "7",
                        "{\"text\":7,\"group\":\"a\"}",
                        "{\"group\":\"a\"}",
                        "{\"text\":\"secret words\"}",
                        "{\"text\":\"a\",\"text\":\"b\",\"group\":\"c\"}",
                        "{\"text\":\"secret words\",\"group\":{}}",
                        "{\"text\":\"\\ud83d\",\"group\":\"a\"}",
                        "{\"text\":\"secret words\",\"group\":\"a\"} x",
                        "[".repeat(10_000));
        String good = Files.readString(file);
        Files.writeString(file, String.join("\n", bad) + "\n" + good);
        PreparationReport report = prepare(plan(source), "out");
        assertThat(report.malformedLines()).isEqualTo(bad.size());
        assertThat(report.malformedPlaces()).hasSize(bad.size()).doesNotHaveDuplicates();
        assertThat(report.malformedPlaces().get(4)).contains("debates: a.jsonl line 5");
        assertThat(report.toString()).doesNotContain("secret");
        assertThat(report.step("reading").documentsIn()).isEqualTo(speeches.size());
        assertRefused(
                () -> prepare(plan(source).withMalformedLines(bad.size() - 1), "other"),
                Code.TEXT_MALFORMED,
                "more than 10 lines",
                "line 1");
    }

    @Test
    void other_encodings_are_refused_with_the_line() throws IOException {
        Path source = debates("debates");
        Path file = source.resolve("a.jsonl");
        byte[] good = Files.readAllBytes(file);
        byte[] latin =
                "{\"text\":\"größer\",\"group\":\"a\"}\n".getBytes(StandardCharsets.ISO_8859_1);
        Files.write(file, concatenated(good, latin));
        assertRefused(
                () -> prepare(plan(source), "out"),
                Code.TEXT_MALFORMED,
                "not UTF-8 at line " + (speeches.size() + 1),
                "iconv");
        Files.write(file, "{\"text\":\"a\"}".getBytes(StandardCharsets.UTF_16));
        assertRefused(() -> prepare(plan(source), "out"), Code.TEXT_MALFORMED, "UTF-16");
        assertThat(directory.resolve("out")).doesNotExist();
    }

    @Test
    void nothing_to_read_and_nothing_left_are_refused() throws IOException {
        Path empty = Sources.directory(directory.resolve("empty"), Sources.JSON, "en", List.of());
        assertRefused(() -> prepare(plan(empty), "out"), Code.NOTHING_TO_READ, "0 documents");
        Path brief =
                Sources.directory(
                        directory.resolve("brief"), Sources.LINES, "en", List.of("too short"));
        assertRefused(() -> prepare(plan(brief), "out"), Code.NOTHING_TO_READ, "quality 1 to 0");
        Files.delete(empty.resolve("a.jsonl"));
        assertRefused(() -> prepare(plan(empty), "out"), Code.NOTHING_TO_READ, ".jsonl");
        assertRefused(
                () -> prepare(plan(directory.resolve("nowhere")), "out"),
                Code.CARD_MISSING,
                "nowhere");
    }

    @Test
    void personal_data_is_redacted_or_drops_its_document_and_is_nowhere_in_the_report()
            throws IOException {
        List<String> lines = new ArrayList<>(Sources.lines(speeches));
        lines.add(
                Sources.json(
                        "Please write to aino.virtanen@example.org or call +358 40 1234567 soon.",
                        "letters"));
        Path source = Sources.directory(directory.resolve("mail"), Sources.JSON, "en", lines);
        PreparationReport report = prepare(plan(source), "redacted");
        assertThat(report.step("personal-data").findings())
                .containsEntry("email", 1L)
                .containsEntry("phone", 1L);
        for (String file : List.of("report.json", "croissant.json", "lineage.json")) {
            assertThat(directory.resolve("redacted").resolve(file))
                    .content()
                    .doesNotContain("virtanen");
        }
        assertThat(texts("redacted"))
                .contains("Please write to [email] or call [phone] soon.")
                .noneMatch(text -> text.contains("virtanen"));
        Steps standard = Steps.standard();
        Steps dropping =
                new Steps(
                        standard.normalisation(),
                        standard.language(),
                        standard.quality(),
                        Optional.of(
                                new Steps.PersonalData(
                                        Steps.Action.DROP, Set.of(PersonalPattern.EMAIL))),
                        Optional.empty(),
                        true,
                        standard.nearDuplicates());
        PreparationReport dropped = prepare(plan(source).with(dropping), "dropped");
        assertThat(dropped.dropped("personal-data")).isEqualTo(Map.of("email", 1L));
        assertThat(texts("dropped")).noneMatch(text -> text.startsWith("Please write to"));
    }

    @Test
    void what_a_constitution_protects_is_left_out_and_counted_by_domain() {
        ProtectedText wells =
                text -> {
                    int at = text.indexOf("sacred well");
                    return at < 0
                            ? List.of()
                            : List.of(new ProtectedText.Passage("wells", at, at + 11));
                };
        List<String> lines = new ArrayList<>(Sources.lines(speeches));
        lines.add(Sources.json("Nobody but us may tell of the sacred well of the hill.", "w"));
        Path source = Sources.directory(directory.resolve("tales"), Sources.JSON, "en", lines);
        PreparationReport report =
                Preparation.standard()
                        .protecting(wells, Digest.of(new byte[] {1}))
                        .run(
                                plan(source),
                                directory.resolve("out"),
                                ProgressListener.silent(),
                                StopHook.never());
        assertThat(report.dropped("protected-domains")).isEqualTo(Map.of("wells", 1L));
        assertThat(texts("out")).noneMatch(text -> text.contains("sacred well"));
        assertThat(directory.resolve("out/lineage.json"))
                .content()
                .contains("\"constitution\" : \"" + Digest.of(new byte[] {1}).hex())
                .doesNotContain("sacred well");
        // Without that constitution it is another plan.
        assertRefused(() -> prepare(plan(source), "out"), Code.TARGET_EXISTS, "another plan");
    }

    @Test
    void text_of_an_evaluation_set_is_left_out_however_it_is_written() {
        String question =
                "Which of the members of the council has the right to call for a second reading"
                        + " today";
        Path exam =
                Sources.directory(
                        directory.resolve("exam"),
                        Sources.LINES,
                        "en",
                        List.of(question, "Who presides over the whole house in plenary?"));
        List<String> lines = new ArrayList<>(Sources.lines(speeches));
        lines.add(Sources.json("As they asked: " + question.toUpperCase(Locale.ROOT) + "?", "q"));
        lines.add(Sources.json("Well, who presides over the whole house in plenary!", "r"));
        Path source = Sources.directory(directory.resolve("texts"), Sources.JSON, "en", lines);
        Steps steps = Steps.standard();
        Steps checked =
                new Steps(
                        steps.normalisation(),
                        steps.language(),
                        steps.quality(),
                        steps.personalData(),
                        Optional.of(new Steps.Contamination(13, List.of(Source.of("exam", exam)))),
                        true,
                        steps.nearDuplicates());
        PreparationReport report = prepare(plan(source).with(checked), "out");
        assertThat(report.dropped("contamination")).isEqualTo(Map.of("evaluation-set", 2L));
        assertThat(directory.resolve("out/lineage.json")).content().contains("\"exam\"");
    }

    @Test
    void a_small_domain_is_repeated_and_a_large_one_thinned() {
        Path large = debates("large");
        Path small =
                Sources.directory(
                        directory.resolve("small"),
                        Sources.LINES,
                        "en",
                        Sources.english(600).stream()
                                .skip(500)
                                .limit(20)
                                .map(Sources.Speech::body)
                                .toList());
        PreparationReport report = prepare(plan(large, small).with(new Mixture(2, 3)), "out");
        PreparationReport.DomainCount largeCount = report.domains().get(0);
        PreparationReport.DomainCount smallCount = report.domains().get(1);
        assertThat(largeCount.repeats()).isBetween(0.5, 0.999);
        assertThat(smallCount.repeats()).isEqualTo(3);
        Map<String, Integer> times = new TreeMap<>();
        texts("out").forEach(text -> times.merge(text, 1, Integer::sum));
        assertThat(times.values().stream().filter(count -> count == 3).count())
                .isEqualTo(smallCount.documents());
        double kept =
                (double) (report.train().documents() - 3 * smallCount.documents())
                        / largeCount.documents();
        assertThat(kept).isBetween(largeCount.repeats() - 0.1, largeCount.repeats() + 0.1);
    }

    @Test
    void token_shards_hold_what_the_texts_hold() throws IOException {
        Path model = Files.createDirectory(directory.resolve("model"));
        BytePairTrainer trainer = new BytePairTrainer(300);
        speeches.stream().limit(20).forEach(speech -> trainer.add(speech.body()));
        trainer.train().write(model);
        PreparationReport report = prepare(plan(debates("debates")).withTokenizer(model), "out");
        try (TokenShard shard = TokenShard.open(PackedCorpus.trainFile(directory.resolve("out")))) {
            assertThat(shard.tokenCount()).isEqualTo(report.train().tokens()).isPositive();
        }
    }

    private Path debates(String name) {
        return Sources.directory(
                directory.resolve(name), Sources.JSON, "en", Sources.lines(speeches));
    }

    private static PreparationPlan plan(Path... sources) {
        return PreparationPlan.standard(
                "prepared",
                Stream.of(sources)
                        .map(path -> Source.of(path.getFileName().toString(), path))
                        .toList());
    }

    private PreparationReport prepare(PreparationPlan plan, String target) {
        return Preparation.standard()
                .onThreads(1)
                .run(plan, directory.resolve(target), ProgressListener.silent(), StopHook.never());
    }

    private List<String> texts(String target) {
        List<String> texts = new ArrayList<>();
        CorpusReader.open(directory.resolve(target), PermittedUse.PRIVATE_CPT)
                .forEach(document -> texts.add(document.text()));
        return texts;
    }

    private Map<String, Digest> digests(String target) {
        Map<String, Digest> digests = new TreeMap<>();
        try (Stream<Path> files = Files.list(directory.resolve(target))) {
            for (Path file : files.toList()) {
                digests.put(file.getFileName().toString(), Digest.of(Files.readAllBytes(file)));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return digests;
    }

    private static byte[] concatenated(byte[] one, byte[] other) {
        byte[] all = Arrays.copyOf(one, one.length + other.length);
        System.arraycopy(other, 0, all, one.length, other.length);
        return all;
    }
}
