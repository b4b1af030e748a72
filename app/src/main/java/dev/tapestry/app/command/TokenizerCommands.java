package dev.tapestry.app.command;

import dev.tapestry.corpus.ByteLevelTokenizer;
import dev.tapestry.corpus.BytePairTrainer;
import dev.tapestry.corpus.CorpusReader;
import dev.tapestry.corpus.PermittedUse;
import dev.tapestry.corpus.TrainedTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Learns and tries tokenizers. */
@Command(
        name = "tokenizer",
        description = "Learn a tokenizer from text, or try one.",
        footer = {"", "Example:", "  tapestry tokenizer train corpus tokenizer --vocabulary 8000"})
final class TokenizerCommands extends CommandGroup {

    /** What {@code tokenizer train --json} prints. */
    record Learned(String directory, int vocabulary) {}

    /** What {@code tokenizer encode --json} prints. */
    record Encoded(List<Integer> ids) {}

    @Command(
            name = "train",
            description = {
                "Learn a byte-level BPE vocabulary from a corpus whose card permits tokenizer-training.",
                "Writes tokenizer.json and tokenizer_config.json."
            },
            footer = {
                "",
                "Example:",
                "  tapestry tokenizer train corpus tokenizer --vocabulary 8000"
            })
    int train(
            @Parameters(paramLabel = "CORPUS_DIR", description = "A corpus with its card.")
                    Path corpus,
            @Parameters(paramLabel = "OUT_DIR", description = "Where the files go.") Path target,
            @Option(
                            names = "--vocabulary",
                            paramLabel = "N",
                            required = true,
                            description = "Ids, two special tokens included: at least 258.")
                    int vocabulary,
            @Option(names = "--json", description = "As one line of JSON.") boolean json)
            throws IOException {
        BytePairTrainer trainer = new BytePairTrainer(vocabulary);
        CorpusReader.open(corpus, PermittedUse.TOKENIZER_TRAINING)
                .forEach(document -> trainer.add(document.text()));
        TrainedTokenizer tokenizer = trainer.train();
        Files.createDirectories(target);
        tokenizer.write(target);
        answer(
                json,
                new Learned(target.toString(), tokenizer.vocabSize()),
                "learned %,d ids, in %s",
                tokenizer.vocabSize(),
                target);
        return 0;
    }

    @Command(
            name = "encode",
            description = "Print the ids of a text; special tokens in it count as text.",
            footer = {"", "Example:", "  tapestry tokenizer encode tokenizer 'Good morning'"})
    int encode(
            @Parameters(paramLabel = "DIR", description = "A directory with tokenizer.json.")
                    Path directory,
            @Parameters(paramLabel = "TEXT", description = "The text.") String text,
            @Option(names = "--json", description = "As one line of JSON.") boolean json) {
        List<Integer> ids =
                Arrays.stream(ByteLevelTokenizer.open(directory).encode(text)).boxed().toList();
        answer(
                json,
                new Encoded(ids),
                "%s",
                ids.stream().map(Object::toString).collect(Collectors.joining(" ")));
        return 0;
    }
}
