package dev.tapestry.corpus;

import static org.assertj.core.api.Assertions.fail;

import dev.tapestry.consortium.Digest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damaged files of every kind: they are read or refused, and nothing else ever comes out. */
class ForeignBytesFuzzTest {

    private static final long SEED = 417;
    private static final String[] SNIPPETS = {
        "null",
        "{}",
        "[]",
        "-1",
        "1e999",
        "\"\"",
        "\"type\"",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\n",
        "\t",
        "&a ",
        "*a",
        "!!",
        "- ",
        "? ",
        "| ",
        "\\u0000",
        "\\ud800",
        "99999999999",
        "true",
        "---",
        "%",
        "<<: ",
        "...",
        "#"
    };

    @TempDir Path directory;

    private interface Reader {
        void read(byte[] bytes) throws IOException;
    }

    @Test
    void damaged_tokenizers_are_read_or_refused() {
        BytePairTrainer trainer = new BytePairTrainer(270);
        trainer.add("the thing that they thought");
        fuzz(
                600,
                trainer.train().tokenizerJson(),
                bytes ->
                        ByteLevelTokenizer.parse(bytes)
                                .encodeWithSpecials("the thing, ἀρχή <|end_of_text|>"));
    }

    @Test
    void damaged_shards_are_read_or_refused() throws IOException {
        Path file = directory.resolve("a.tokens");
        try (TokenShardWriter writer =
                TokenShardWriter.create(
                        file,
                        new BytePairTrainer(258).train().tokenizer(),
                        Digest.of(new byte[0]))) {
            writer.add("the thing that they thought");
            writer.seal();
            writer.publish();
        }
        fuzz(
                600,
                Files.readAllBytes(file),
                bytes -> {
                    Files.write(file, bytes);
                    TokenShard.open(file).close();
                });
    }

    @Test
    void damaged_cards_are_read_or_refused() {
        String card =
                """
                name: Debates
                licence: "free"
                category: open
                language: pt-BR
                residency: 'EU'
                permitted-uses: [private-cpt, evaluation]
                text-format: json-lines
                group-field: date
                files:
                  - a.jsonl
                attribution: |
                  two
                  lines
                """;
        fuzz(
                1000,
                card.getBytes(StandardCharsets.UTF_8),
                bytes -> {
                    Files.write(directory.resolve("card.yaml"), bytes);
                    DatasetCard.read(directory).write(directory);
                });
    }

    @Test
    void damaged_texts_are_read_or_refused() throws IOException {
        Files.writeString(
                directory.resolve("card.yaml"),
                """
                name: n
                licence: l
                category: open
                language: en
                residency: EU
                permitted-uses: [evaluation]
                text-format: json-lines
                """);
        byte[] text =
                "{\"text\":\"ἀρχή 😀\",\"date\":\"2\"}\r\n\n{\"text\":\"b\",\"date\":[{}]}\n"
                        .getBytes(StandardCharsets.UTF_8);
        fuzz(
                800,
                text,
                bytes -> {
                    Files.write(directory.resolve("a.jsonl"), bytes);
                    CorpusReader.open(directory, PermittedUse.EVALUATION, 60).forEach(_ -> {});
                });
    }

    private static void fuzz(int rounds, byte[] good, Reader reader) {
        Random random = new Random(SEED);
        for (int round = 0; round < rounds; round++) {
            byte[] bad = damaged(good, random);
            try {
                reader.read(bad);
            } catch (CorpusException e) {
                // refused: that is what it is for
            } catch (Throwable e) {
                fail(
                        "seed %d round %d: %s"
                                .formatted(SEED, round, new String(bad, StandardCharsets.UTF_8)),
                        e);
            }
        }
    }

    private static byte[] damaged(byte[] good, Random random) {
        byte[] bytes = good.clone();
        int wounds = 1 + random.nextInt(3);
        for (int i = 0; i < wounds; i++) {
            int at = random.nextInt(bytes.length);
            bytes =
                    switch (random.nextInt(4)) {
                        case 0 -> Arrays.copyOf(bytes, at + 1);
                        case 1 -> {
                            bytes[at] = (byte) random.nextInt(256);
                            yield bytes;
                        }
                        case 2 -> spliced(bytes, at, SNIPPETS[random.nextInt(SNIPPETS.length)], 0);
                        default ->
                                spliced(
                                        bytes,
                                        at,
                                        SNIPPETS[random.nextInt(SNIPPETS.length)],
                                        random.nextInt(8));
                    };
        }
        return bytes;
    }

    private static byte[] spliced(byte[] bytes, int at, String snippet, int removed) {
        byte[] middle = snippet.getBytes(StandardCharsets.UTF_8);
        int rest = Math.max(0, bytes.length - at - removed);
        byte[] result = Arrays.copyOf(bytes, at + middle.length + rest);
        System.arraycopy(middle, 0, result, at, middle.length);
        System.arraycopy(bytes, bytes.length - rest, result, at + middle.length, rest);
        return result;
    }
}
