package dev.tapestry.app.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * What a process has in memory, as Linux counts it, in bytes; zeros where it does not tell.
 *
 * @param peak the most that {@code now} ever was (VmHWM)
 * @param now all that is resident (VmRSS)
 * @param anonymous of that, heap, stacks and what else no file holds: it cannot be dropped
 * @param file of that, pages of mapped files and libraries: the system drops them when it is short
 * @param pageTables what the system itself needs to map all that (VmPTE); in none of the others
 */
record Resident(long peak, long now, long anonymous, long file, long pageTables) {

    static final Resident NONE = new Resident(0, 0, 0, 0, 0);

    /** Of a process; none of one that has ended. */
    static Resident of(long pid) {
        Map<String, Long> kibibytes = new HashMap<>();
        try {
            for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/status"))) {
                if (line.startsWith("VmHWM:")
                        || line.startsWith("VmRSS:")
                        || line.startsWith("VmPTE:")
                        || line.startsWith("Rss")) {
                    kibibytes.put(
                            line.substring(0, line.indexOf(':')),
                            Long.parseLong(line.replaceAll("\\D", "")));
                }
            }
        } catch (IOException e) {
            return NONE;
        }
        long shared = bytes(kibibytes, "RssShmem");
        return new Resident(
                bytes(kibibytes, "VmHWM"),
                bytes(kibibytes, "VmRSS"),
                bytes(kibibytes, "RssAnon"),
                bytes(kibibytes, "RssFile") + shared,
                bytes(kibibytes, "VmPTE"));
    }

    private static long bytes(Map<String, Long> kibibytes, String name) {
        return kibibytes.getOrDefault(name, 0L) << 10;
    }

    /** Of each figure the larger one. */
    Resident max(Resident other) {
        return new Resident(
                Math.max(peak, other.peak),
                Math.max(now, other.now),
                Math.max(anonymous, other.anonymous),
                Math.max(file, other.file),
                Math.max(pageTables, other.pageTables));
    }
}
