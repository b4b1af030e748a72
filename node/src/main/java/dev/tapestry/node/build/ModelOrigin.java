package dev.tapestry.node.build;

import dev.tapestry.consortium.Digest;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Where a model that was not made here comes from: the root of the lineage of all that is made of
 * it. It lies beside the weights as {@value #FILE}, is part of the model's digest, and goes along
 * with whatever is trained from it.
 *
 * @param source digest of the directory that was imported: weights, configuration, tokenizer
 * @param licence under which its makers gave it
 * @param digestList digest of the list with which all of its files agreed, if there was one
 */
public record ModelOrigin(Digest source, UpstreamLicence licence, Optional<Digest> digestList) {

    /** Its name in a model directory. */
    public static final String FILE = "origin.json";

    /**
     * That of a directory from elsewhere, whose own origin counts if it has one.
     *
     * @param stated the licence as the member says it, whatever the directory says
     * @throws NodeException {@code STORAGE}, {@code WRONG_MODEL}
     */
    public static ModelOrigin of(
            Path directory, Optional<String> stated, Optional<Digest> digestList) {
        UpstreamLicence licence = UpstreamLicence.of(directory, stated);
        return find(directory)
                .map(older ->
                        new ModelOrigin(
                                older.source(),
                                stated.isPresent() ? licence : older.licence(),
                                older.digestList().or(() -> digestList)))
                .orElseGet(() ->
                        new ModelOrigin(SovereignBuild.digest(directory), licence, digestList));
    }

    /** The one that lies in a model directory. */
    public static Optional<ModelOrigin> find(Path directory) {
        Path file = directory.resolve(FILE);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            return Optional.of(CanonicalJson.read(SafeFile.readBytes(file), ModelOrigin.class));
        } catch (TrustException e) {
            throw new NodeException(
                    Code.WRONG_MODEL,
                    "%s does not say where the model comes from: %s; move it away, or import the model again"
                            .formatted(file, e.getMessage()),
                    e);
        }
    }

    /** The file's content. */
    public byte[] toBytes() {
        return CanonicalJson.write(this);
    }

    /** For a model card, in Markdown. */
    String text() {
        return """

        ## Where the base comes from

        Imported; the directory had the digest `%s`. %s
        """
                .formatted(source, licence.sentence());
    }
}
