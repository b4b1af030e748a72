package dev.tapestry.app.study.simulation;

import dev.tapestry.consortium.MemberId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;

/**
 * What a member carries from its latest contribution that a base was made of into the next: what
 * its codec lost, and its mean gradient as it was sent.
 */
final class Carried {

    private final Path residual;
    private final Path gradient;
    private Optional<Parcel> latest = Optional.empty();

    /** Nothing yet of {@code member}; it will be kept in {@code folder}, which exists. */
    Carried(MemberId member, Path folder) {
        this.residual = folder.resolve("residual-of-" + member + ".safetensors");
        this.gradient = folder.resolve("gradient-of-" + member + ".safetensors");
    }

    Optional<Path> residual() {
        return Optional.of(residual).filter(Files::exists);
    }

    Optional<Path> gradient() {
        return Optional.of(gradient).filter(Files::exists);
    }

    /** No base was made of it yet: what an earlier one left counts until then. */
    void admitted(Parcel parcel) {
        latest = Optional.of(parcel);
    }

    /** A base was made of what was admitted last. */
    void counted() {
        latest.flatMap(Parcel::residual).ifPresent(lost -> move(lost, residual));
        latest.flatMap(Parcel::gradient).ifPresent(own -> move(own, gradient));
        latest = Optional.empty();
    }

    private static void move(Path from, Path to) {
        try {
            Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
