package dev.tapestry.acceptance.fuzz;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tapestry.acceptance.fuzz.ForeignReader.Language;
import dev.tapestry.consortium.Digest;
import dev.tapestry.node.evaluation.EvaluationResult;
import dev.tapestry.node.evaluation.Evidence;
import dev.tapestry.node.evaluation.Suite;
import dev.tapestry.training.Precision;
import dev.tapestry.trust.signature.SigningKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Suites that members hand on, and what they state of their models. */
final class EvaluationReaders {

    private static final String SUITE =
            """
            name: exam
            licence: CC0-1.0
            tasks:
              - {type: multiple-choice, name: own, items: items.jsonl}
              - {type: harness, name: theirs, task: task.yaml}
            """;
    private static final String ITEMS =
            """
            {"question":"Who votes?","choices":["the law","the council"],"answer":1}
            """;
    private static final String TASK =
            """
            dataset_path: json
            dataset_kwargs: {data_files: {test: items.jsonl}}
            output_type: multiple_choice
            test_split: test
            doc_to_text: "{{question.strip() + '?'}}"
            doc_to_choice: choices
            doc_to_target: "{{choices.index('the council')}}"
            """;

    private EvaluationReaders() {}

    static List<ForeignReader> all() {
        return List.of(
                suite(Language.YAML, "suite-yaml", "suite.yaml", SUITE),
                suite(Language.YAML, "harness-tasks", "task.yaml", TASK),
                suite(Language.JSON, "suite-items", "items.jsonl", ITEMS),
                new ForeignReader(
                        Language.JSON,
                        "evaluation-evidence",
                        "TrustException",
                        (bytes, _) -> Evidence.open(bytes, Optional.empty()),
                        _ -> List.of(evidence())));
    }

    /** A suite of which one file is foreign. */
    private static ForeignReader suite(Language language, String name, String file, String good) {
        return new ForeignReader(
                language,
                name,
                "NodeException",
                (bytes, scratch) -> Suite.open(suite(scratch, file, bytes)),
                _ -> List.of(good.getBytes(UTF_8)));
    }

    private static Path suite(Path scratch, String file, byte[] bytes) throws IOException {
        Path directory = Files.createDirectories(scratch.resolve("suite"));
        Files.writeString(directory.resolve("suite.yaml"), SUITE);
        Files.writeString(directory.resolve("items.jsonl"), ITEMS);
        Files.writeString(directory.resolve("task.yaml"), TASK);
        Files.write(directory.resolve(file), bytes);
        return directory;
    }

    private static byte[] evidence() {
        EvaluationResult result =
                new EvaluationResult(
                        Digest.of(new byte[0]),
                        EvaluationResult.RUNNER,
                        Precision.FP32,
                        1,
                        "plain",
                        Optional.empty(),
                        List.of());
        return Evidence.sign(result, SigningKey.generate()).bytes();
    }
}
