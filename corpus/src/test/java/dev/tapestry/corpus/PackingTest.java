package dev.tapestry.corpus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.corpus.CorpusException.Code;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

class PackingTest {

    private static final JsonMapper JSON = JsonMapper.builder().build();

    @TempDir Path directory;

    @Test
    void a_corpus_becomes_two_shards_that_hold_each_document_once() throws IOException {
        Path corpus = debates(200);
        ByteLevelTokenizer tokenizer = tokenizer(corpus);
        CorpusReader reader = CorpusReader.open(corpus, PermittedUse.CONTRIBUTED_CPT);
        PackedCorpus packed =
                new CorpusPacker(tokenizer, new HeldOutSplit(0.2))
                        .pack(reader, directory.resolve("packed"));

        List<String> texts = new ArrayList<>();
        reader.forEach(document -> texts.add(document.text()));
        assertThat(packed.train().documents() + packed.heldOut().documents()).isEqualTo(200);
        assertThat(packed.train().textBytes() + packed.heldOut().textBytes())
                .isEqualTo(
                        texts.stream()
                                .mapToLong(text -> text.getBytes(StandardCharsets.UTF_8).length)
                                .sum());
        List<String> unpacked = new ArrayList<>();
        for (PackedSide side : List.of(packed.train(), packed.heldOut())) {
            try (TokenShard shard = TokenShard.open(side.file())) {
                assertThat(shard.tokenCount()).isEqualTo(side.tokens());
                assertThat(shard.textCharacters()).isEqualTo(side.textCharacters());
                assertThat(shard.tokenizer()).isEqualTo(tokenizer.digest());
                assertThat(shard.card()).isEqualTo(reader.card().digest());
                unpacked.addAll(documents(shard, tokenizer));
            }
        }
        assertThat(unpacked).containsExactlyInAnyOrderElementsOf(texts);
        try (Stream<Path> left = Files.list(directory.resolve("packed"))) {
            assertThat(left.map(path -> path.getFileName().toString()))
                    .containsExactlyInAnyOrder("train.tokens", "held-out.tokens");
        }
    }

    @Test
    void a_sitting_day_is_never_on_both_sides() throws IOException {
        CorpusReader reader = CorpusReader.open(debates(600), PermittedUse.EVALUATION);
        HeldOutSplit split = new HeldOutSplit(0.3);
        Set<String> trained = new HashSet<>();
        Set<String> heldOut = new HashSet<>();
        reader.forEach(document ->
                (split.holdsOut(document) ? heldOut : trained).add(document.group().orElseThrow()));
        assertThat(trained).isNotEmpty().doesNotContainAnyElementsOf(heldOut);
        assertThat(heldOut).isNotEmpty();
        double share = (double) heldOut.size() / (heldOut.size() + trained.size());
        assertThat(share).isBetween(0.2, 0.4);
    }

    @Test
    void the_split_is_fixed_for_all_time() {
        HeldOutSplit split = new HeldOutSplit(0.5);
        assertThat(
                        Stream.of("a", "b", "c", "d", "e", "f", "g", "h")
                                .filter(text ->
                                        split.holdsOut(
                                                new Document(text, Optional.empty(), "f", 1))))
                // python: hashlib.sha256(b"\0" + text).digest()[0] < 128
                .containsExactly("a", "b", "c", "e", "g");
    }

    @Test
    void windows_are_the_tokens_one_by_one() throws IOException {
        Path corpus = debates(30);
        ByteLevelTokenizer tokenizer = tokenizer(corpus);
        PackedCorpus packed =
                new CorpusPacker(tokenizer, new HeldOutSplit(0))
                        .pack(CorpusReader.open(corpus, PermittedUse.PRIVATE_CPT), directory);
        try (TokenShard shard = TokenShard.open(packed.train().file());
                Arena arena = Arena.ofConfined()) {
            long[] window = new long[100];
            MemorySegment segment = arena.allocate(100 * 8L, 8);
            Random random = new Random(5);
            for (int round = 0; round < 50; round++) {
                long from = random.nextLong(shard.tokenCount() - 99);
                shard.copy(from, window);
                shard.copy(from, 100, segment);
                for (int i = 0; i < 100; i++) {
                    assertThat(window[i]).isEqualTo(shard.token(from + i));
                    assertThat(segment.getAtIndex(ValueLayout.JAVA_LONG, i)).isEqualTo(window[i]);
                }
            }
            assertThatThrownBy(() -> shard.copy(shard.tokenCount() - 99, window))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> shard.token(-1)).isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    @Test
    void holding_out_without_permission_to_evaluate_is_refused_and_leaves_nothing()
            throws IOException {
        Path corpus = debates(30);
        ByteLevelTokenizer tokenizer = tokenizer(corpus);
        Path card = corpus.resolve("card.yaml");
        Files.writeString(card, Files.readString(card).replace("evaluation, ", ""));
        CorpusReader reader = CorpusReader.open(corpus, PermittedUse.PRIVATE_CPT);
        CorpusPacker packer = new CorpusPacker(tokenizer, new HeldOutSplit(0.1));
        assertThatThrownBy(() -> packer.pack(reader, directory.resolve("packed")))
                .isInstanceOfSatisfying(
                        CorpusException.class,
                        e -> assertThat(e.code()).isEqualTo(Code.USE_NOT_PERMITTED));
        assertThat(directory.resolve("packed")).doesNotExist();
    }

    private List<String> documents(TokenShard shard, ByteLevelTokenizer tokenizer) {
        List<String> documents = new ArrayList<>();
        IntBuilder ids = new IntBuilder(16);
        for (long i = 0; i < shard.tokenCount(); i++) {
            int token = shard.token(i);
            if (token == shard.endOfText()) {
                documents.add(tokenizer.decode(ids.toArray()));
                ids = new IntBuilder(16);
            } else {
                ids.add(token);
            }
        }
        return documents;
    }

    private ByteLevelTokenizer tokenizer(Path corpus) {
        BytePairTrainer trainer = new BytePairTrainer(400);
        CorpusReader.open(corpus, PermittedUse.TOKENIZER_TRAINING)
                .forEach(document -> trainer.add(document.text()));
        return trainer.train().tokenizer();
    }

    private Path debates(int count) throws IOException {
        Path corpus = Files.createDirectories(directory.resolve("debates"));
        Files.writeString(
                corpus.resolve("card.yaml"),
                """
                name: Debates
                licence: free
                category: open
                language: mul
                residency: EU
                permitted-uses: [contributed-cpt, private-cpt, evaluation, tokenizer-training]
                text-format: json-lines
                group-field: date
                """);
        StringBuilder lines = new StringBuilder();
        for (Europarl.Speech speech : Europarl.every(17_000 / count).subList(0, count)) {
            lines.append(
                            JSON.writeValueAsString(
                                    JSON.createObjectNode()
                                            .put("date", speech.date())
                                            .put("text", speech.body())))
                    .append('\n');
        }
        Files.writeString(corpus.resolve("debates.jsonl"), lines);
        return corpus;
    }
}
