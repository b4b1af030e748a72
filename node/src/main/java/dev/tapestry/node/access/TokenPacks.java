package dev.tapestry.node.access;

import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.CorpusException;
import dev.tapestry.corpus.PackedCorpus;
import dev.tapestry.corpus.TokenShard;
import dev.tapestry.node.NodeHome;
import dev.tapestry.weights.Drafts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The packs in {@code tokens/}: each is the whole corpus again, so that there is one for each
 * tokenizer in use and no more.
 */
public final class TokenPacks {

    private final Path folder;
    private final List<Path> models;

    /** The packs of a node. */
    public TokenPacks(NodeHome home) {
        this(home.tokens(), List.of(home.models(), home.sovereign()));
    }

    /**
     * The packs of one text.
     *
     * @param folder where they lie; need not exist
     * @param models folders of the models whose tokenizers may be in use
     */
    TokenPacks(Path folder, List<Path> models) {
        this.folder = folder;
        this.models = List.copyOf(models);
    }

    Path folder() {
        return folder;
    }

    /** Where the pack of this name lies, or will. */
    Path pack(String name) {
        return folder.resolve(name);
    }

    /** Whether a pack is whole: the held-out shard is the last to appear. */
    static boolean whole(Path pack) {
        return Files.exists(PackedCorpus.heldOutFile(pack));
    }

    /** Deletes packs of the same tokenizer: of a text, a card or a split that is no more. */
    void dropOlderThan(Path newest) throws IOException {
        Optional<Digest> tokenizer = tokenizer(newest);
        for (Path pack : folders(folder)) {
            if (!pack.equals(newest) && tokenizer(pack).equals(tokenizer)) {
                Drafts.delete(pack);
            }
        }
    }

    /**
     * Deletes packs that are not whole, what was left in others by a killed node, and packs of
     * tokenizers that no model of this node has any more.
     */
    public void prune() throws IOException {
        List<Path> packs = folders(folder);
        Set<Digest> inUse = packs.isEmpty() ? Set.of() : tokenizersInUse();
        for (Path pack : packs) {
            if (!whole(pack) || tokenizer(pack).filter(inUse::contains).isEmpty()) {
                Drafts.delete(pack);
            } else {
                dropParts(pack);
            }
        }
    }

    private static void dropParts(Path pack) throws IOException {
        try (Stream<Path> files = Files.list(pack)) {
            for (Path file : files.toList()) {
                if (file.getFileName().toString().endsWith(".part")) {
                    Files.delete(file);
                }
            }
        }
    }

    private Set<Digest> tokenizersInUse() throws IOException {
        Set<Digest> tokenizers = new HashSet<>();
        for (Path shelf : models) {
            for (Path model : folders(shelf)) {
                Path file = model.resolve(MemberCorpus.TOKENIZER);
                if (Files.isRegularFile(file)) {
                    tokenizers.add(Digest.of(Files.readAllBytes(file)));
                }
            }
        }
        return tokenizers;
    }

    private static Optional<Digest> tokenizer(Path pack) {
        try {
            return Optional.of(TokenShard.tokenizerOf(PackedCorpus.heldOutFile(pack)));
        } catch (CorpusException _) {
            return Optional.empty(); // damaged, or not finished
        }
    }

    private static List<Path> folders(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(Files::isDirectory).toList();
        }
    }
}
