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

    /** Makes and mounts one in {@code place}; skips the test where that is not allowed. */
    static RealDisk mount(Path place, int mebibytes) throws IOException {
        Path image = place.resolve("disk.img");
        run("truncate", "-s", mebibytes + "M", image.toString());
        assumeTrue(
                succeeds("mkfs.ext4", "-q", "-F", image.toString()), "there is no mkfs.ext4 here");
        return mounted(image, Files.createDirectory(place.resolve("disk")));
    }

    private static RealDisk mounted(Path image, Path folder) {
        assumeTrue(
                succeeds("mount", "-o", "loop", image.toString(), folder.toString()),
                "only root may mount a disk, where loop devices are: this test is skipped");
        return new RealDisk(image, folder);
    }

    Path folder() {
        return folder;
    }

    /** The disk as it would be if the power were cut now. */
    RealDisk afterPowerCut(Path place) throws IOException {
        Path copy = place.resolve("cut.img");
        Files.copy(image, copy, StandardCopyOption.REPLACE_EXISTING);
        return mounted(copy, Files.createDirectories(place.resolve("cut")));
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
