package dev.tapestry.app.example;

import dev.tapestry.app.text.CorpusDirectory;
import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.DatasetCard;
import dev.tapestry.trust.SafeFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;

/** Writes questions as an evaluation suite: multiple choice with four answers. */
final class QuestionSuite {

    /** What makes a directory a suite. */
    static final String FILE = "suite.yaml";

    private static final String ITEMS = "questions.jsonl";

    /** So many at most: each is scored four times, before a build and after every stage. */
    private static final int MOST = 120;

    private QuestionSuite() {}

    /** A line of the suite. */
    private record Item(String question, List<String> choices, int answer) {}

    /** Writes the suite. */
    static void write(Path directory, String name, DatasetCard card, QuestionBook book) {
        CorpusDirectory.lines(
                directory.resolve(ITEMS),
                book.examination().stream()
                        .sorted(Comparator.comparing(QuestionSuite::place))
                        .limit(MOST)
                        .map(one -> new Item(one.question(), one.answers(), one.right()))
                        .toList());
        // What makes it a suite comes last.
        SafeFile.write(
                directory.resolve(FILE),
                """
                name: %s
                licence: %s
                about: Questions that no model here has learnt from. %s.
                tasks:
                  - {type: multiple-choice, name: questions, items: %s}
                """
                        .formatted(name, card.licence(), card.attribution(), ITEMS));
    }

    /** A choice that is the same everywhere and says nothing of the question. */
    private static String place(QuestionBook.Choice one) {
        return Digest.of(one.question().getBytes(StandardCharsets.UTF_8)).hex();
    }
}
