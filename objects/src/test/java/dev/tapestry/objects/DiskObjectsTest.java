package dev.tapestry.objects;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import org.junit.jupiter.api.Test;

final class DiskObjectsTest extends ObjectContract {

    @Override
    ObjectStore store() throws IOException {
        return new DiskObjects(Files.createDirectory(directory.resolve("store")));
    }

    @Override
    ObjectStore unreachable() {
        return new DiskObjects(directory.resolve("not-mounted"));
    }

    @Test
    void what_is_being_written_is_in_no_list_and_an_old_draft_is_dropped() throws IOException {
        Path file = Files.writeString(directory.resolve("file"), "whole");
        try (ObjectStore store = store()) {
            store.put("models/a", file);
            Path models = directory.resolve("store/models");
            Path abandoned = Files.createFile(models.resolve(".a.draft-1"));
            Files.setLastModifiedTime(abandoned, FileTime.from(Instant.EPOCH));
            Path now = Files.createFile(models.resolve(".a.draft-2"));
            assertThat(store.list("models/")).containsOnlyKeys("models/a");
            store.put("models/a", file);
            assertThat(abandoned).doesNotExist();
            assertThat(now).exists();
            assertThat(store.list("models/")).containsOnlyKeys("models/a");
        }
    }

    @Test
    void a_name_that_leads_out_of_the_store_is_refused() throws IOException {
        Path file = Files.createFile(directory.resolve("file"));
        try (ObjectStore store = store()) {
            assertThatThrownBy(() -> store.put("models/../../file", file))
                    .hasMessageContaining("leads out of");
        }
    }
}
