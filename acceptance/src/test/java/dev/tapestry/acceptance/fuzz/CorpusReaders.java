package dev.tapestry.acceptance.fuzz;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tapestry.acceptance.fuzz.ForeignReader.Language;
import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.ByteLevelTokenizer;
import dev.tapestry.corpus.BytePairTrainer;
import dev.tapestry.corpus.CorpusException;
import dev.tapestry.corpus.CorpusReader;
import dev.tapestry.corpus.DatasetCard;
import dev.tapestry.corpus.PermittedUse;
import dev.tapestry.corpus.TokenShard;
import dev.tapestry.corpus.TokenShardWriter;
import dev.tapestry.corpus.chat.ChatReader;
import dev.tapestry.corpus.chat.ReadLines;
import dev.tapestry.corpus.preparation.PlanFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;

/** A corpus and its card, tokenizers, and packed tokens. */
final class CorpusReaders {

    private CorpusReaders() {}

    static List<ForeignReader> all() {
        return List.of(
                reader(
                        Language.TEXT,
                        "tokenizers",
                        CorpusReaders::tokenizer,
                        _ -> List.of(tokenizer(270))),
                reader(Language.TEXT, "token-shards", CorpusReaders::shard, CorpusReaders::shards),
                reader(
                        Language.YAML,
                        "dataset-cards",
                        CorpusReaders::card,
                        _ -> List.of(card("json-lines"))),
                reader(
                        Language.YAML,
                        "preparation-plans",
                        CorpusReaders::plan,
                        _ -> List.of(plan())),
                reader(
                        Language.TEXT,
                        "json-lines",
                        (bytes, scratch) -> texts(bytes, scratch, "json-lines", "a.jsonl"),
                        _ -> List.of("{\"text\":\"ἀρχή\",\"n\":[{}]}\r\n\n".getBytes(UTF_8))),
                reader(
                        Language.TEXT,
                        "chat-lines",
                        CorpusReaders::chats,
                        _ ->
                                List.of(
                                        "{\"messages\":[{\"role\":\"user\",\"content\":\"ἀρχή?\"},{\"role\":\"assistant\",\"content\":\"A\"}]}\n"
                                                .getBytes(UTF_8),
                                        "{\"prompt\":\"Q\",\"chosen\":\"A\",\"rejected\":\"B\"}\r\n\n"
                                                .getBytes(UTF_8),
                                        "{\"prompt\":\"Q\",\"completion\":\"A\",\"label\":true}"
                                                .getBytes(UTF_8))),
                reader(
                        Language.TEXT,
                        "plain-text",
                        CorpusReaders::plain,
                        _ -> List.of("one\n\ntwo ἀρχή\r\n".getBytes(UTF_8))));
    }

    private static ForeignReader reader(
            Language language,
            String name,
            ForeignReader.Reading reading,
            ForeignReader.Seeds seeds) {
        return new ForeignReader(language, name, "CorpusException", reading, seeds);
    }

    private static void plan(byte[] bytes, Path scratch) throws IOException {
        PlanFile.read(Files.write(scratch.resolve("plan.yaml"), bytes));
    }

    private static byte[] plan() {
        return """
        name: texts
        purposes: [private-cpt]
        sources:
          - {path: a, text-format: csv, text-field: b, language: detect, weight: 2}
        steps:
          language: {by: paragraph, least-confidence: 0.7}
          personal-data: {action: drop, patterns: [email, id-fi]}
          contamination: {words: 10, evaluation-sets: [{path: c}]}
          near-duplicates: {enabled: false}
        hold-out: {fraction: 0.1, salt: s}
        mixing: {temperature: 3.5}
        tokenizer: ../base
        """
                .getBytes(UTF_8);
    }

    private static void tokenizer(byte[] bytes, Path scratch) {
        ByteLevelTokenizer.parse(bytes).encodeWithSpecials("the thing, ἀρχή <|end_of_text|>");
    }

    private static byte[] tokenizer(int size) {
        BytePairTrainer trainer = new BytePairTrainer(size);
        trainer.add("the thing that they thought");
        return trainer.train().tokenizerJson();
    }

    private static void shard(byte[] bytes, Path scratch) throws IOException {
        Path file = scratch.resolve("read.tokens");
        Files.write(file, bytes);
        TokenShard.open(file).close();
    }

    private static List<byte[]> shards(Path scratch) throws IOException {
        Path file = scratch.resolve("good.tokens");
        ByteLevelTokenizer tokenizer = new BytePairTrainer(258).train().tokenizer();
        try (var writer = TokenShardWriter.create(file, tokenizer, Digest.of(new byte[0]))) {
            writer.add("the thing that they thought");
            writer.seal();
            writer.publish();
        }
        return List.of(Files.readAllBytes(file));
    }

    private static void card(byte[] bytes, Path scratch) throws IOException {
        Files.write(scratch.resolve(DatasetCard.FILE_NAME), bytes);
        DatasetCard card = DatasetCard.read(scratch);
        card.write(scratch);
        ForeignReader.requireEqual(card, DatasetCard.read(scratch));
    }

    private static byte[] card(String format) {
        return """
        name: Debates
        licence: "free"
        category: open
        language: pt-BR
        residency: 'EU'
        permitted-uses: [private-cpt, evaluation]
        text-format: %s
        """
                .formatted(format)
                .getBytes(UTF_8);
    }

    private static void plain(byte[] bytes, Path scratch) throws IOException {
        for (String format : List.of("lines", "paragraphs", "files")) {
            texts(bytes, scratch, format, "a.txt");
        }
    }

    private static void chats(byte[] bytes, Path scratch) throws IOException {
        Path file = scratch.resolve("chats.jsonl");
        Files.write(file, bytes);
        ChatReader reader = new ChatReader(2, 1 << 12);
        for (Function<Path, ReadLines<?>> form :
                List.<Function<Path, ReadLines<?>>>of(
                        reader::conversations, reader::preferences, reader::judgements)) {
            try {
                ForeignReader.requireEqual(form.apply(file), form.apply(file));
                return;
            } catch (CorpusException e) {
                // perhaps it is of another form
            }
        }
        ForeignReader.requireEqual(reader.prompts(file), reader.prompts(file));
    }

    private static void texts(byte[] bytes, Path scratch, String format, String file)
            throws IOException {
        Path corpus = Files.createDirectories(scratch.resolve(format));
        Files.write(corpus.resolve(DatasetCard.FILE_NAME), card(format));
        Files.write(corpus.resolve(file), bytes);
        CorpusReader.open(corpus, PermittedUse.EVALUATION, 60).forEach(_ -> {});
    }
}
