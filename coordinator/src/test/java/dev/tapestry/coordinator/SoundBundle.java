package dev.tapestry.coordinator;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import dev.tapestry.coordinator.VerifyBundle.Demands;
import dev.tapestry.trust.log.Checkpoint;
import dev.tapestry.trust.log.TreeEdge;
import dev.tapestry.trust.signature.SigningKey;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * A bundle of two rounds of two members, before anybody does something to it.
 *
 * @param file the bundle
 * @param directory of the coordinator
 * @param key the coordinator's, public
 * @param origin the log's name
 * @param ada the key of the first member
 */
record SoundBundle(Path file, Path directory, String key, String origin, SigningKey ada) {

    /**
     * Runs two rounds with two members, who then co-sign, and exports them.
     *
     * @param folder where all of it goes
     */
    static SoundBundle in(Path folder) {
        try (Stage stage = new Stage(folder, Stage.charter(2)).withMembers("ada", "bo")) {
            stage.run(2, MergeRule.fedAvg());
            for (int round = 1; round <= 2; round++) {
                int number = round;
                stage.members.forEach(member ->
                        member.takePart(number, Stage.SEED + number + member.id.hashCode()));
                stage.members.forEach(member -> member.scoreWell(number));
            }
            stage.member(0).await(2, Phase.PUBLISHED);
            CosignatureTest.cosign(stage.member(0));
            stage.token("nobody");
            CosignatureTest.cosign(stage.member(1));
            Path file = folder.resolve("sound.zip");
            BundleExport.Written written = BundleExport.write(stage.directory, file);
            assertThat(written.cosignatures()).isEqualTo(2);
            assertThat(written.contributions()).isEqualTo(4);
            return new SoundBundle(
                    file,
                    stage.directory,
                    stage.state().coordinatorKey(),
                    stage.coordinator.ledger().log().origin(),
                    stage.member(0).key);
        }
    }

    /** What whoever asks for nothing special is told of a bundle. */
    static BundleReport verified(Path file) {
        return VerifyBundle.of(file, Demands.NONE);
    }

    /** Its files, to be changed. */
    Map<String, byte[]> files() throws IOException {
        Map<String, byte[]> files = new LinkedHashMap<>();
        try (ZipFile zip = new ZipFile(file.toFile())) {
            for (ZipEntry entry : java.util.Collections.list(zip.entries())) {
                files.put(entry.getName(), zip.getInputStream(entry).readAllBytes());
            }
        }
        return files;
    }

    /** A bundle of other files. */
    Path zip(Map<String, byte[]> files) throws IOException {
        Path other = Files.createTempFile(file.getParent(), "bundle", ".zip");
        try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(other))) {
            for (Map.Entry<String, byte[]> each : files.entrySet()) {
                out.putNextEntry(new ZipEntry(each.getKey()));
                out.write(each.getValue());
            }
        }
        return other;
    }

    /** What is told of it after some harm; it is not sound then. */
    BundleReport after(Consumer<Map<String, byte[]>> harm) throws IOException {
        Map<String, byte[]> files = files();
        harm.accept(files);
        BundleReport report = verified(zip(files));
        assertThat(report.sound()).as(report.problem()).isFalse();
        return report;
    }

    /** The entries of the log in a bundle. */
    static List<String> entries(Map<String, byte[]> files) {
        return new ArrayList<>(new String(files.get("entries.jsonl"), UTF_8).lines().toList());
    }

    /** Replaces them. */
    static void entries(Map<String, byte[]> files, List<String> entries) {
        files.put("entries.jsonl", (String.join("\n", entries) + "\n").getBytes(UTF_8));
    }

    /** The first entry of a type. */
    static int index(List<String> entries, String type) {
        for (int i = 0; i < entries.size(); i++) {
            if (entries.get(i).contains("\"type\":\"" + type + "\"")) {
                return i;
            }
        }
        throw new IllegalArgumentException(type);
    }

    /** What somebody who has the coordinator's key could write. */
    void signAgain(Map<String, byte[]> files, SigningKey with) {
        TreeEdge edge = TreeEdge.EMPTY;
        ByteArrayOutputStream leaves = new ByteArrayOutputStream();
        for (String entry : entries(files)) {
            edge = edge.with(entry.getBytes(UTF_8));
            leaves.writeBytes(TreeEdge.leaf(entry.getBytes(UTF_8)).bytes());
        }
        files.put("leaves", leaves.toByteArray());
        files.put(
                "checkpoint.note",
                new Checkpoint(origin, edge.size(), edge.root())
                        .sign(with)
                        .toString()
                        .getBytes(UTF_8));
        files.put(
                "bundle.json",
                new String(files.get("bundle.json"), UTF_8)
                        .replaceFirst("\"entries\":[0-9]+", "\"entries\":" + edge.size())
                        .getBytes(UTF_8));
    }

    /** The key of the coordinator. */
    SigningKey coordinator() {
        return SigningKey.load(directory.resolve("signing-key.pem"));
    }
}
