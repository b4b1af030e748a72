package dev.tapestry.app.chaos.disk;

import java.nio.file.Path;

/**
 * Names files by what they are for, the same in every round and run: digests become {@code DIGEST},
 * what was drawn {@code RANDOM}, numbers {@code N}, and who a contribution is of {@code MEMBER}.
 */
final class DiskPlace {

    private DiskPlace() {}

    /** The name of a file under {@code root}. */
    static String of(Path root, Path file) {
        String name = root.relativize(file).toString();
        return name.isEmpty()
                ? "."
                : name.replaceAll("[0-9a-f]{64}", "DIGEST")
                        .replaceAll("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "RANDOM")
                        .replaceAll("-[0-9]{6,}\\.", "-RANDOM.")
                        .replaceAll("(?<=(^|[-/.]))[0-9]+(?=($|[-/.]))", "N")
                        .replaceAll("(?<=contributions/N/)[^/]+", "MEMBER");
    }
}
