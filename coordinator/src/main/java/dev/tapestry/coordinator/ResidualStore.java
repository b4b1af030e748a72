package dev.tapestry.coordinator;

import dev.tapestry.consortium.Digest;
import dev.tapestry.coordinator.CoordinatorException.Code;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What coding the steps to candidates has lost: {@code DIGEST.safetensors}, named by the SHA-256 of
 * the file.
 */
final class ResidualStore {

    private static final String SUFFIX = ".safetensors";
    private static final int BUFFER_BYTES = 1 << 20;

    private final Path folder;
    private final SharedFiles shared;

    /** A store in a folder, which need not exist yet. */
    ResidualStore(Path folder, SharedFiles shared) {
        this.folder = folder;
        this.shared = shared;
        FileTrees.create(folder);
    }

    /** Where a residual lies, if it is kept. */
    Path file(Digest residual) {
        return folder.resolve(residual + SUFFIX);
    }

    /**
     * Where a residual lies, whose bytes were read and are what its name says.
     *
     * @throws CoordinatorException {@code NOT_KEPT}; {@code MODEL} if it is damaged
     */
    Path intact(Digest residual) {
        Path file = file(residual);
        if (!shared.fetch(file, _ -> {})) {
            throw new CoordinatorException(
                    Code.NOT_KEPT,
                    "the residual %s is no longer (or not yet) in %s"
                            .formatted(residual.abbreviated(), folder));
        }
        if (!digest(file).equals(residual)) {
            throw new CoordinatorException(
                    Code.MODEL, file + " is damaged, restore it from a backup");
        }
        return file;
    }

    /** Replaces one that the disk has damaged; false if the store has no better one. */
    boolean restore(Digest residual) {
        return shared.restore(
                file(residual),
                draft -> {
                    if (!digest(draft).equals(residual)) {
                        throw new CoordinatorException(
                                Code.MODEL, residual + " is damaged in the store");
                    }
                });
    }

    /** Makes sure that a residual is here and intact; false if it is nowhere. */
    boolean fetch(Digest residual) {
        return shared.fetch(file(residual), _ -> {}) && intact(residual).equals(file(residual));
    }

    /** Whether a residual that is kept is not what its name says. */
    boolean isDamaged(Digest residual) {
        return Files.exists(file(residual)) && !digest(file(residual)).equals(residual);
    }

    /** Takes a finished file on the same file system into the store. */
    void adopt(Path finished, Digest residual) {
        FileTrees.move(finished, file(residual));
        shared.keep(file(residual));
    }

    /** Deletes all but these. */
    void keepOnly(Set<Digest> kept) {
        Set<Path> files = kept.stream().map(this::file).collect(Collectors.toSet());
        shared.keepOnly(folder, name -> files.contains(folder.resolve(name)));
        for (Path file : FileTrees.list(folder)) {
            if (!files.contains(file)) {
                FileTrees.delete(file);
            }
        }
    }

    /** The SHA-256 of a file. */
    static Digest digest(Path file) {
        MessageDigest hash = Digest.sha256();
        byte[] buffer = new byte[BUFFER_BYTES];
        try (InputStream in = Files.newInputStream(file)) {
            for (int read; (read = in.read(buffer)) > 0; ) {
                hash.update(buffer, 0, read);
            }
            return Digest.ofHash(hash.digest());
        } catch (IOException e) {
            throw CoordinatorException.storage("read", file, e);
        }
    }
}
