package dev.tapestry.acceptance.fuzz;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tapestry.acceptance.fuzz.ForeignReader.Language;
import dev.tapestry.consortium.Charter;
import dev.tapestry.consortium.RunPlan;
import dev.tapestry.coordinator.CoordinatorConfig;
import dev.tapestry.node.NodeConfig;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.constitution.Guard;
import dev.tapestry.node.preferences.Review;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.json.StrictYaml;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** YAML that people write, or hand on. */
final class SettingsReaders {

    private static final Path EXAMPLES =
            Path.of("").toAbsolutePath().resolveSibling("docs").resolve("examples");

    private SettingsReaders() {}

    static List<ForeignReader> all() {
        return List.of(
                yaml("charter-yaml", Charter.class, "charter.yaml"),
                yaml("run-plan-yaml", RunPlan.class, "run-plan.yaml"),
                new ForeignReader(
                        Language.YAML,
                        "coordinator-yaml",
                        "CoordinatorException",
                        (bytes, scratch) -> {
                            Files.write(scratch.resolve("coordinator.yaml"), bytes);
                            CoordinatorConfig.read(scratch);
                        },
                        _ ->
                                List.of(
                                        """
                                        host: "0.0.0.0"
                                        port: 8443
                                        dnsNames: ["hub.example", "127.0.0.1"]
                                        keepRounds: 3
                                        mergeThreads: 2
                                        """
                                                .getBytes(UTF_8))),
                new ForeignReader(
                        Language.YAML,
                        "constitutions",
                        "NodeException",
                        (bytes, scratch) -> {
                            Path file = scratch.resolve("constitution.yaml");
                            Files.write(file, bytes);
                            var _ = Guard.read(file);
                        },
                        _ -> List.of(example("constitution.yaml"))),
                new ForeignReader(
                        Language.JSON,
                        "preference-pairs",
                        "NodeException",
                        (bytes, scratch) -> {
                            Path file = scratch.resolve("pairs.jsonl");
                            Files.write(file, bytes);
                            var _ = Review.open(file);
                        },
                        _ ->
                                List.of(
                                        """
                                        {"chosen":"a","constitution":"%s","prompt":[{"content":"q","role":"user"}],"reasons":["r"],"rejected":"b","review":"pending","rules":["x"],"scores":{"chosen":1,"rejected":-1}}
                                        """
                                                .formatted("0".repeat(64))
                                                .getBytes(UTF_8))),
                new ForeignReader(
                        Language.YAML,
                        "node-yaml",
                        "NodeException",
                        (bytes, scratch) -> {
                            Files.write(scratch.resolve("node.yaml"), bytes);
                            NodeConfig.read(new NodeHome(scratch));
                        },
                        _ ->
                                List.of(
                                        """
                                        member: ada
                                        corpus: corpus
                                        threads: 2
                                        hold-out-fraction: 0.05
                                        checkpoint-every: PT5M
                                        trainer:
                                          command: [sh, -c, "exit 0"]
                                        """
                                                .getBytes(UTF_8))));
    }

    private static <T extends Record> ForeignReader yaml(
            String name, Class<T> type, String example) {
        return new ForeignReader(
                Language.YAML,
                name,
                "TrustException",
                (bytes, scratch) -> {
                    Path file = scratch.resolve(name);
                    Files.write(file, bytes);
                    T read = StrictYaml.read(file, type);
                    ForeignReader.requireEqual(
                            read, CanonicalJson.read(CanonicalJson.write(read), type));
                },
                _ -> List.of(example(example)));
    }

    private static byte[] example(String name) throws IOException {
        return Files.readAllBytes(EXAMPLES.resolve(name));
    }
}
