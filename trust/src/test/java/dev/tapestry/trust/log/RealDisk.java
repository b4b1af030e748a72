package dev.tapestry.trust.log;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/**
 * A small ext4 file system of its own, in an image file. What the kernel has not yet written to the
 * image is what a power cut takes away: a copy of the image, mounted elsewhere, is the disk after
 * the cut. SQLite writes past Java, so it needs a real disk to fail.
 */
final class RealDisk implements AutoCloseable {

    private final Path image;
    private final Path folder;

    private RealDisk(Path image, Path folder) {
        this.image = image;
        this.folder = folder;
    }

    /**
     * Makes and mounts one in {@code place}. Skips the test where that is not allowed, and says so
     * where nobody can miss it; with {@code TAPESTRY_TESTS=all} in the environment it fails.
     */
    static RealDisk mount(Path place, int mebibytes) throws IOException {
        Path image = place.resolve("disk.img");
        run("truncate", "-s", mebibytes + "M", image.toString());
        demand(succeeds("mkfs.ext4", "-q", "-F", image.toString()), "there is no mkfs.ext4 here");
        Path folder = Files.createDirectory(place.resolve("disk"));
        demand(
                succeeds("mount", "-o", "loop", image.toString(), folder.toString()),
                "only root may mount a disk, where loop devices are");
        return new RealDisk(image, folder);
    }

    private static void demand(boolean there, String why) {
        if (there) {
            return;
        }
        if ("all".equals(System.getenv("TAPESTRY_TESTS"))) {
            throw new AssertionError("TAPESTRY_TESTS=all asks for disks that fail, but " + why);
        }
        System.err.println(
                "NOT TESTED: the log on a disk that fails: "
                        + why
                        + ". Run it as root with TAPESTRY_TESTS=all, where this is a failure.");
        assumeTrue(false, why);
    }

    Path folder() {
        return folder;
    }

    /** The disk as it would be if the power were cut now. */
    RealDisk afterPowerCut(Path place) throws IOException {
        Path copy = place.resolve("cut.img");
        Files.copy(image, copy, StandardCopyOption.REPLACE_EXISTING);
        Path folder = Files.createDirectories(place.resolve("cut"));
        run("mount", "-o", "loop", copy.toString(), folder.toString());
        return new RealDisk(copy, folder);
    }

    void readOnly(boolean now) {
        run("mount", "-o", "remount," + (now ? "ro" : "rw"), folder.toString());
    }

    private static void run(String... words) {
        if (!succeeds(words)) {
            throw new IllegalStateException(String.join(" ", words) + " failed");
        }
    }

    private static boolean succeeds(String... words) {
        try {
            return new ProcessBuilder(List.of(words))
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start()
                            .waitFor()
                    == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            throw new UncheckedIOException(new IOException(e));
        }
    }

    @Override
    public void close() {
        run("umount", folder.toString());
    }
}
