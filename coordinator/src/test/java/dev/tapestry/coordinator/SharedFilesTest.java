package dev.tapestry.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.coordinator.store.Leadership;
import dev.tapestry.objects.DiskObjects;
import dev.tapestry.objects.ObjectStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is fetched from a store that is slow, or gives no answer. */
final class SharedFilesTest {

    @TempDir Path folder;

    private Path here;
    private Path big;
    private Path small;
    private SlowObjects objects;

    /** A store on the disk of which one object comes when a test says so. */
    private static final class SlowObjects implements ObjectStore {
        private final ObjectStore disk;
        private final String slow;
        private final CountDownLatch asked = new CountDownLatch(1);
        private final CountDownLatch comes = new CountDownLatch(1);

        SlowObjects(ObjectStore disk, String slow) {
            this.disk = disk;
            this.slow = slow;
        }

        @Override
        public void put(String name, Path file) {
            disk.put(name, file);
        }

        @Override
        public boolean fetch(String name, Path target, long most) {
            if (name.equals(slow)) {
                asked.countDown();
                try {
                    comes.await();
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            }
            return disk.fetch(name, target, most);
        }

        @Override
        public SortedMap<String, Long> list(String prefix) {
            return disk.list(prefix);
        }

        @Override
        public void delete(Collection<String> names) {
            disk.delete(names);
        }

        @Override
        public void close() {
            disk.close();
        }
    }

    @BeforeEach
    void a_store_with_a_model_and_an_offer() throws IOException {
        here = Files.createDirectories(folder.resolve("here"));
        big = here.resolve("models/big");
        small = here.resolve("renewals/ada.json");
        objects =
                new SlowObjects(
                        new DiskObjects(Files.createDirectories(folder.resolve("store"))),
                        "models/big");
        Path content = Files.writeString(folder.resolve("content"), "what there is");
        objects.put("models/big", content);
        objects.put("renewals/ada.json", content);
    }

    private SharedFiles shared() {
        return new SharedFiles(here, Optional.of(objects), new Leadership.Alone());
    }

    @Test
    void a_small_file_does_not_wait_for_a_model() throws Exception {
        try (SharedFiles shared = shared()) {
            CompletableFuture<Boolean> model =
                    CompletableFuture.supplyAsync(
                            () -> shared.fetch(big, _ -> {}), Thread::startVirtualThread);
            assertThat(objects.asked.await(60, TimeUnit.SECONDS)).isTrue();
            assertThat(
                            CompletableFuture.supplyAsync(
                                            () -> shared.fetchAnew(small, _ -> {}),
                                            Thread::startVirtualThread)
                                    .get(60, TimeUnit.SECONDS))
                    .isTrue();
            assertThat(model).isNotDone();
            objects.comes.countDown();
            assertThat(model.get(60, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(big).hasContent("what there is");
        assertThat(small).hasContent("what there is");
    }

    @Test
    void what_is_not_what_it_should_be_leaves_nothing_behind() throws IOException {
        objects.comes.countDown();
        try (SharedFiles shared = shared()) {
            assertThatThrownBy(() ->
                            shared.fetch(
                                    big,
                                    draft -> {
                                        throw new IllegalStateException("damaged");
                                    }))
                    .hasMessage("damaged");
        }
        assertThat(big).doesNotExist();
        assertThat(here.resolve("fetching")).isEmptyDirectory();
    }
}
