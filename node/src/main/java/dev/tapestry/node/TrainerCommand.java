package dev.tapestry.node;

import dev.tapestry.node.NodeException.Code;
import dev.tapestry.trust.json.StrictYaml;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The member's own trainer, as {@code node.yaml} names it.
 *
 * <pre>
 * trainer:
 *   command: [bash, /opt/train.sh]   # the job directory is added as the last word
 *   environment: {PARTITION: gpu}    # added to the node's own
 *   lease: PT10M                     # longest time without progress
 *   directory: /shared/job           # of the job; if left out, job/ beside node.yaml
 * </pre>
 *
 * @param command program and words; the program is a whole path, or looked for on the PATH
 * @param environment variables beside those of the node, sorted
 * @param lease how long the trainer may go on without progress
 * @param directory of the job
 */
public record TrainerCommand(
        List<String> command, Map<String, String> environment, Duration lease, Path directory) {

    private static final Duration USUAL_LEASE = Duration.ofMinutes(10);
    private static final Duration LONGEST_LEASE = Duration.ofDays(30);

    /** What keeps a command from being run. */
    public record Obstacle(String what, String advice) {}

    /** The YAML document, key by key. */
    record YamlDocument(
            List<String> command,
            Optional<Map<String, String>> environment,
            Optional<Duration> lease,
            Optional<String> directory) {}

    public TrainerCommand {
        command = List.copyOf(command);
        environment = Collections.unmodifiableMap(new TreeMap<>(environment));
        if (command.isEmpty() || command.getFirst().isBlank()) {
            throw invalid("trainer.command names no program; write it as [bash, /opt/train.sh]");
        }
        if (command.getFirst().contains("/") && !command.getFirst().startsWith("/")) {
            throw invalid(
                    "trainer.command begins with '%s'; write the whole path, from / on"
                            .formatted(command.getFirst()));
        }
        if (lease.compareTo(Duration.ofSeconds(1)) < 0 || lease.compareTo(LONGEST_LEASE) > 0) {
            throw invalid("trainer.lease is between PT1S and P30D, not " + lease);
        }
        environment
                .keySet()
                .forEach(name -> {
                    if (!name.matches("[A-Za-z_][A-Za-z0-9_]*")) {
                        throw invalid(
                                "trainer.environment has '%s', which is no variable's name"
                                        .formatted(name));
                    }
                });
        Stream.concat(command.stream(), environment.values().stream())
                .filter(word -> word.indexOf('\0') >= 0)
                .findFirst()
                .ifPresent(word -> {
                    throw invalid("trainer: Nul character in '%s'".formatted(word.strip()));
                });
    }

    static TrainerCommand of(YamlDocument document, NodeHome home) {
        return new TrainerCommand(
                document.command,
                document.environment.orElse(Map.of()),
                document.lease.orElse(USUAL_LEASE),
                document.directory
                        .map(place -> home.directory().resolve(place).normalize())
                        .orElse(home.job()));
    }

    /**
     * The file that would be run: a program without a slash is looked for as a shell does. Empty if
     * there is none that may be executed.
     */
    public Optional<Path> program() {
        String name = command.getFirst();
        Stream<Path> places =
                name.contains("/")
                        ? Stream.of(Path.of(name))
                        : Stream.of(path().split(":", -1)).map(folder -> Path.of(folder, name));
        return places.filter(file -> Files.isRegularFile(file) && Files.isExecutable(file))
                .findFirst();
    }

    /** Why the command cannot be run, and what to do, as far as can be seen from outside. */
    public Optional<Obstacle> obstacle() {
        if (program().isEmpty()) {
            return Optional.of(
                    new Obstacle(
                            "there is no program '%s' that may be executed"
                                    .formatted(command.getFirst()),
                            "install it, make it executable (chmod +x), or correct trainer.command in node.yaml"));
        }
        return command.stream()
                .skip(1)
                .filter(word -> word.startsWith("/") && !Files.exists(Path.of(word)))
                .findFirst()
                .map(word ->
                        new Obstacle(
                                "there is no file %s, which trainer.command names".formatted(word),
                                "correct trainer.command in node.yaml"));
    }

    private String path() {
        String own = environment.get("PATH");
        String inherited = own == null ? System.getenv("PATH") : own;
        return inherited == null ? "/usr/bin:/bin" : inherited;
    }

    String yaml() {
        String variables =
                environment.entrySet().stream()
                        .map(entry ->
                                StrictYaml.quoted(entry.getKey())
                                        + ": "
                                        + StrictYaml.quoted(entry.getValue()))
                        .collect(Collectors.joining(", ", "{", "}"));
        return """
        trainer:
          command: %s
          environment: %s
          lease: %s
          directory: %s
        """
                .formatted(
                        command.stream().map(StrictYaml::quoted).toList(),
                        variables,
                        lease,
                        StrictYaml.quoted(directory.toString()));
    }

    private static NodeException invalid(String message) {
        return new NodeException(Code.CONFIG_INVALID, message);
    }
}
