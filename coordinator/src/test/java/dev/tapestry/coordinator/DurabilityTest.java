package dev.tapestry.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.Contribution;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The JVM itself tells which files and folders were forced to the disk. */
class DurabilityTest {

    @TempDir Path folder;

    @Test
    void whatever_counts_is_on_the_disk_with_its_name() throws IOException {
        try (Stage stage = new Stage(folder, Stage.charter(1), 2, 2048).withMembers("ada")) {
            stage.run(1, MergeRule.diLoCo(0.7, 0.9));
            Set<String> forced = new TreeSet<>();
            try (Recording recording = new Recording()) {
                recording.enable("jdk.FileForce").withoutThreshold().withoutStackTrace();
                recording.start();
                stage.member(0).takePart(1, Stage.SEED);
                stage.member(0).await(1, Phase.SCORING);
                recording.stop();
                Path dump = folder.resolve("forced.jfr");
                recording.dump(dump);
                RecordingFile.readAllEvents(dump).stream()
                        .map(event -> Path.of(event.getString("path")))
                        .filter(path -> path.startsWith(stage.directory))
                        .forEach(path -> forced.add(stage.directory.relativize(path).toString()));
            }
            Contribution contribution =
                    stage.coordinator
                            .ledger()
                            .history()
                            .round(new RoundNumber(1))
                            .orElseThrow()
                            .admitted()
                            .values()
                            .iterator()
                            .next();
            String upload = "contributions/1/ada/" + contribution.envelope();
            assertThat(forced)
                    .containsAll(everyFile(stage.directory, upload))
                    .contains("contributions", "contributions/1", "contributions/1/ada", upload)
                    .anyMatch(path -> path.startsWith(upload + "/..envelope.json-"));
            for (String part : Set.of("candidate", "state/first-moment")) {
                String draft = "merging/1/.candidate.merging/" + part;
                assertThat(forced)
                        .contains(draft, draft + "/config.json", draft + "/tokenizer.json")
                        .contains(draft + "/model.safetensors.index.json");
            }
            assertThat(forced)
                    .contains(
                            "merging/1", "merging/1/.candidate.merging/state", "models", "momenta")
                    .anyMatch(path -> path.matches("models/\\.[0-9a-f]{64}\\.json-.*"));
        }
    }

    private static Set<String> everyFile(Path directory, String below) throws IOException {
        try (var files = Files.list(directory.resolve(below))) {
            return files.filter(file -> !file.endsWith(ContributionStore.ENVELOPE))
                    .map(file -> directory.relativize(file).toString())
                    .collect(Collectors.toSet());
        }
    }
}
