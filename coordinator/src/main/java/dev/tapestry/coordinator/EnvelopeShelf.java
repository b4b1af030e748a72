package dev.tapestry.coordinator;

import dev.tapestry.consortium.Digest;
import dev.tapestry.coordinator.CoordinatorException.Code;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * What members signed for their contributions, by the digest that the log names: it is kept for
 * auditors when the weights go.
 */
final class EnvelopeShelf {

    private static final System.Logger LOG = System.getLogger(EnvelopeShelf.class.getName());
    private static final String SUFFIX = ".json";

    private final Path contributions;
    private final Path shelf;
    private final SharedFiles shared;

    EnvelopeShelf(Path contributions, Path shelf, SharedFiles shared) {
        this.contributions = contributions;
        this.shelf = shelf;
        this.shared = shared;
    }

    EnvelopeShelf(CoordinatorDirectory directory, SharedFiles shared) {
        this(directory.contributions(), directory.envelopes(), shared);
    }

    /** All that there are, fetched where they are not here. */
    SortedMap<String, Path> all() {
        fetchAll();
        SortedMap<String, Path> all = new TreeMap<>();
        FileTrees.list(contributions).stream()
                .flatMap(round -> ofRound(round).stream())
                .forEach(file -> all.put(digest(file), file));
        for (Path file : FileTrees.list(shelf)) {
            String name = file.getFileName().toString();
            if (name.matches("[0-9a-f]{64}\\.json")) {
                all.putIfAbsent(name.substring(0, name.indexOf('.')), file);
            }
        }
        return all;
    }

    /**
     * One of {@link #all}, from the shelf where its round has been deleted meanwhile.
     *
     * @param digest under which it is in {@link #all}
     */
    byte[] read(String digest, Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (NoSuchFileException _) {
            return onShelf(digest);
        } catch (IOException e) {
            throw CoordinatorException.storage("read", file, e);
        }
    }

    private byte[] onShelf(String digest) {
        Path file = shelf.resolve(digest + SUFFIX);
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw CoordinatorException.storage("read", file, e);
        }
    }

    /** Puts onto the shelf what the store has, also of contributions whose files are not here. */
    void fetchAll() {
        shared.fetchAll(shelf);
        fetch(_ -> true);
    }

    /** Puts the envelopes of rounds onto the shelf, wherever the contributions are. */
    void keep(Predicate<String> rounds) {
        for (Path round : FileTrees.list(contributions)) {
            if (rounds.test(round.getFileName().toString())) {
                ofRound(round).forEach(this::keep);
            }
        }
        fetch(rounds);
        if (Files.exists(shelf)) {
            FileTrees.sync(shelf); // what they were linked from is deleted next
            shared.keep(shelf);
        }
    }

    private void keep(Path envelope) {
        FileTrees.create(shelf);
        FileTrees.linkOrCopy(envelope, shelf.resolve(digest(envelope) + SUFFIX));
    }

    /** Those that only the store has. */
    private void fetch(Predicate<String> rounds) {
        for (String name : shared.within(contributions)) {
            String[] parts = name.split("/", -1); // ROUND/MEMBER/DIGEST/FILE
            if (parts.length == 4
                    && parts[3].equals(ContributionStore.ENVELOPE)
                    && rounds.test(parts[0])) {
                fetch(contributions.resolve(name), new Digest(parts[2]));
            }
        }
    }

    /** One that was damaged there is not kept, and keeps nobody from going on. */
    private void fetch(Path there, Digest envelope) {
        try {
            shared.fetch(
                    there,
                    shelf.resolve(envelope.hex() + SUFFIX),
                    draft -> requireDigest(draft, envelope));
        } catch (CoordinatorException e) {
            if (e.code() != Code.MODEL) {
                throw e;
            }
            LOG.log(System.Logger.Level.WARNING, e.getMessage());
        }
    }

    private static void requireDigest(Path draft, Digest envelope) {
        if (!ResidualStore.digest(draft).equals(envelope)) {
            throw new CoordinatorException(
                    Code.MODEL,
                    "the signed manifest %s is damaged in the store, restore it from a backup"
                            .formatted(envelope));
        }
    }

    private static List<Path> ofRound(Path round) {
        return FileTrees.list(round).stream()
                .flatMap(member -> FileTrees.list(member).stream())
                .map(folder -> folder.resolve(ContributionStore.ENVELOPE))
                .filter(Files::exists)
                .toList();
    }

    private static String digest(Path envelope) {
        return envelope.resolveSibling(".").normalize().getFileName().toString();
    }
}
