package dev.tapestry.coordinator.store;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
    void a_name_that_leads_out_of_the_store_is_refused() throws IOException {
        Path file = Files.createFile(directory.resolve("file"));
        try (ObjectStore store = store()) {
            assertThatThrownBy(() -> store.put("models/../../file", file))
                    .hasMessageContaining("leads out of");
        }
    }
}
