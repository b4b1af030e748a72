package dev.tapestry.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tapestry.consortium.ContributionManifest;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import dev.tapestry.consortium.protocol.UploadStatus;
import dev.tapestry.weights.WeightsException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Nobody waits for what takes long and concerns somebody else. */
class WaitingTest {

    @TempDir Path folder;

    @Test
    void a_member_does_not_wait_while_the_files_of_another_are_read() throws Exception {
        try (Stage stage =
                new Stage(folder, Stage.charter(2)).withMembers("ada", besideInHashMaps("ada"))) {
            stage.run(1, MergeRule.fedAvg());
            TestMember ada = stage.member(0);
            byte[] first = envelope(ada);
            byte[] second = envelope(stage.member(1));
            Path upload = stage.directory.resolve("contributions/1/ada/" + Digest.of(first));
            Path hanging = pipe(upload, "model.safetensors");
            CompletableFuture<Answer> waiting =
                    CompletableFuture.supplyAsync(() -> ada.post(1, first));
            await().until(() -> Files.exists(upload.resolve("config.json")));

            stage.member(1).post(1, second).as(200, UploadStatus.class);
            assertThat(waiting).isNotDone();
            FileChannel.open(hanging, StandardOpenOption.WRITE).close();
            assertThat(waiting.get().code()).isEqualTo("STORAGE");
        }
    }

    private static byte[] envelope(TestMember member) {
        RoundView view = member.await(1, Phase.COLLECTING);
        Path weights = member.train(view.plan().orElseThrow(), member.hashCode());
        ContributionManifest manifest = member.manifest(view, weights);
        return member.signed(manifest);
    }

    /** A file that whoever opens it waits for. */
    private static Path pipe(Path folder, String name) throws IOException, InterruptedException {
        Path pipe = Files.createDirectories(folder).resolve(name);
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
        return pipe;
    }

    /** A name that shares its bin with another in a small hash map. */
    private static String besideInHashMaps(String name) {
        return IntStream.range(0, 1000)
                .mapToObj(i -> "bela" + i)
                .filter(other -> bin(other) == bin(name))
                .findFirst()
                .orElseThrow();
    }

    private static int bin(String name) {
        int hash = name.hashCode();
        return (hash ^ (hash >>> 16)) & 15;
    }

    @Test
    void a_candidate_is_read_without_the_lock_that_who_asks_for_a_model_needs() {
        ModelStore store = new ModelStore(folder.resolve("models"), SharedFiles.own(folder));
        synchronized (store) {
            assertThat(
                            CompletableFuture.supplyAsync(
                                    () -> store.adopt(folder.resolve("no-such-candidate"))))
                    .failsWithin(Duration.ofMinutes(1))
                    .withThrowableOfType(ExecutionException.class)
                    .withCauseInstanceOf(WeightsException.class);
        }
    }
}
