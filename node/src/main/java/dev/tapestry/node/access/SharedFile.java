package dev.tapestry.node.access;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.Set;

/**
 * A file of the node that another program of the member may read: the same file under a second
 * name, or a copy where the disk is another. It is made read-only, so that a careless trainer
 * cannot damage the node's own.
 */
public final class SharedFile {

    private SharedFile() {}

    /** Gives {@code file} the second name {@code target}, which does not exist yet. */
    public static void give(Path file, Path target) throws IOException {
        Path real = file.toRealPath();
        try {
            Files.createLink(target, real);
        } catch (IOException | UnsupportedOperationException _) {
            Files.copy(real, target);
        }
        Set<PosixFilePermission> permissions =
                EnumSet.copyOf(Files.getPosixFilePermissions(target));
        permissions.remove(PosixFilePermission.OWNER_WRITE);
        permissions.remove(PosixFilePermission.GROUP_WRITE);
        permissions.remove(PosixFilePermission.OTHERS_WRITE);
        Files.setPosixFilePermissions(target, permissions);
    }
}
