package dev.tapestry.acceptance;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A little text with its card. */
final class TinyCorpus {

    private static final String[] WORDS =
            "the committee shall vote on water and law before every session of its members"
                    .split(" ");

    private TinyCorpus() {}

    /** Writes sentences of parliament, others for each seed. */
    static Path write(Path directory, long seed) throws IOException {
        Files.createDirectories(directory);
        Files.writeString(
                directory.resolve("card.yaml"),
                """
                name: Minutes
                licence: CC0-1.0
                category: open
                language: en
                residency: EU
                permitted-uses: [contributed-cpt, private-cpt, evaluation]
                text-format: lines
                """);
        Random random = new Random(seed);
        Files.writeString(
                directory.resolve("minutes.txt"),
                IntStream.range(0, 400)
                        .mapToObj(_ -> sentence(random))
                        .collect(Collectors.joining("\n")));
        return directory;
    }

    private static String sentence(Random random) {
        return IntStream.range(0, 12)
                .mapToObj(_ -> WORDS[random.nextInt(WORDS.length)])
                .collect(Collectors.joining(" "));
    }
}
