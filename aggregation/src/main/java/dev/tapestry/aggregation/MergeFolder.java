package dev.tapestry.aggregation;

import dev.tapestry.weights.Drafts;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.PartSums;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Where a merge works until it is finished: hidden beside its target.
 *
 * <pre>
 * .TARGET.merging/journal         see {@link MergeJournal}
 * .TARGET.merging/candidate/      shards as they become complete
 * .TARGET.merging/state/BUFFER/   likewise
 * .TARGET.merged                  the journal of the finished merge
 * outer-state-DIGEST/             the finished state of the outer optimiser
 * TARGET/                         the finished candidate; put there last, in one step
 * </pre>
 */
final class MergeFolder {

    private final Path target;
    private final Path beside;
    private final Path work;
    private final Path finishedJournal;

    MergeFolder(Path target) {
        this.target = target.toAbsolutePath();
        this.beside = this.target.resolveSibling(".").normalize();
        String name = this.target.getFileName().toString();
        this.work = this.target.resolveSibling("." + name + ".merging");
        this.finishedJournal = this.target.resolveSibling("." + name + ".merged");
    }

    Path target() {
        return target;
    }

    /** The directory that holds the target and its outer state. */
    Path beside() {
        return beside;
    }

    Path candidate() {
        return work.resolve("candidate");
    }

    Path buffer(Buffer buffer) {
        return state().resolve(buffer.folder());
    }

    private Path state() {
        return work.resolve("state");
    }

    /** The journal of a merge of this order that is already finished, if it is. */
    Optional<MergeJournal> finished(MergeOrder order) throws IOException {
        if (!Files.exists(target)) {
            return Optional.empty();
        }
        Optional<MergeJournal> journal =
                MergeJournal.resume(finishedJournal, order).filter(MergeJournal::isDone);
        if (journal.isEmpty()) {
            throw new AggregationException(
                    AggregationException.Code.TARGET_EXISTS,
                    target + " exists and is not this merge; choose another place or remove it");
        }
        return journal;
    }

    /** Goes on with an interrupted merge of the same order, or begins. */
    MergeJournal begin(MergeOrder order) throws IOException {
        Path journal = work.resolve("journal");
        Optional<MergeJournal> interrupted = MergeJournal.resume(journal, order);
        if (interrupted.isEmpty()) {
            delete(work);
        }
        Files.createDirectories(candidate());
        for (Buffer buffer : order.buffers()) {
            Files.createDirectories(buffer(buffer));
        }
        return interrupted.isPresent() ? interrupted.get() : MergeJournal.begin(journal, order);
    }

    /**
     * Copies what belongs to the base besides its shards, then puts everything in its place. Drafts
     * that an interrupted merge left are removed first. What has its name is on the disk whole,
     * also after a power cut.
     *
     * @param notes numbers that the next merge is to know
     * @param sums learns the checksums of the state's parts
     */
    Optional<OuterState> publish(
            MergeOrder order, MergeJournal journal, StateNotes notes, PartSums sums)
            throws IOException {
        complete(candidate(), order.base());
        Optional<OuterState> published = Optional.empty();
        if (!order.buffers().isEmpty()) {
            for (Buffer buffer : order.buffers()) {
                complete(buffer(buffer), order.base());
            }
            notes.write(state());
            StateParts parts = StateParts.of(state(), sums);
            parts.write(state());
            Drafts.syncFolder(state());
            OuterState found = OuterState.in(beside, parts.digest());
            if (Files.exists(found.directory())) {
                delete(state());
            } else {
                Drafts.publish(state(), found.directory());
            }
            published = Optional.of(found);
        }
        journal.finish(published.map(OuterState::digest));
        Drafts.publish(work.resolve("journal"), finishedJournal);
        Drafts.publish(candidate(), target);
        delete(work);
        return published;
    }

    private static void complete(Path directory, ModelDirectory base) throws IOException {
        List<String> shards = base.shards().stream().map(p -> p.getFileName().toString()).toList();
        for (Path file : files(directory)) {
            if (!shards.contains(file.getFileName().toString())) {
                delete(file);
            }
        }
        for (Path file : files(base.path())) {
            String name = file.getFileName().toString();
            if (Files.isRegularFile(file)
                    && !name.startsWith(".")
                    && !name.endsWith(".safetensors")) {
                Files.copy(file, directory.resolve(name));
            }
        }
        Drafts.syncFiles(directory);
    }

    static void delete(Path path) throws IOException {
        if (Files.isDirectory(path)) {
            for (Path file : files(path)) {
                delete(file);
            }
        }
        Files.deleteIfExists(path);
    }

    private static List<Path> files(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.sorted().toList();
        }
    }
}
