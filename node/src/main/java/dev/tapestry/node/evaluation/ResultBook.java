package dev.tapestry.node.evaluation;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.LeftOutWhenEmpty;
import dev.tapestry.training.Precision;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What suites came to, so that nothing is asked twice: a file for each answer, or none at all. */
public final class ResultBook {

    /** Remembers nothing. */
    public static final ResultBook NONE = new ResultBook(null);

    private final @Nullable Path folder;

    private ResultBook(@Nullable Path folder) {
        this.folder = folder;
    }

    /** Keeps results in a folder, which need not exist. */
    public static ResultBook in(Path folder) {
        return new ResultBook(folder);
    }

    /** All that a result depends on. */
    record Question(
            Digest model,
            Digest suite,
            String runner,
            Precision precision,
            long seed,
            @LeftOutWhenEmpty Optional<Digest> training) {}

    /** A result with what it is an answer to. */
    private record Answer(Question question, SuiteResult result) {}

    Optional<SuiteResult> known(Question question) {
        if (folder == null || !Files.exists(file(folder, question))) {
            return Optional.empty();
        }
        try {
            Answer answer =
                    CanonicalJson.read(ResultFile.read(file(folder, question)), Answer.class);
            return Optional.of(answer)
                    .filter(found -> found.question().equals(question))
                    .map(Answer::result);
        } catch (TrustException damaged) {
            return Optional.empty(); // it is asked again
        }
    }

    void keep(Question question, SuiteResult result) {
        if (folder != null) {
            SafeFile.write(
                    file(folder, question), CanonicalJson.write(new Answer(question, result)));
        }
    }

    private static Path file(Path folder, Question question) {
        return folder.resolve(CanonicalJson.digest(question).hex() + ".json");
    }
}
