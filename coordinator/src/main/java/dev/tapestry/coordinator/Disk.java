package dev.tapestry.coordinator;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** How much a disk can still take. */
@FunctionalInterface
interface Disk {

    /** The bytes left for files in {@code folder}. */
    long room(Path folder) throws IOException;

    /** What the operating system says. */
    static Disk real() {
        return folder -> Files.getFileStore(folder).getUsableSpace();
    }
}
