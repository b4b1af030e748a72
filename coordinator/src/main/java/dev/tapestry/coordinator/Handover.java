package dev.tapestry.coordinator;

import java.nio.file.Files;

/**
 * What passes from one coordinator to the next through the store that both see. Where there is no
 * store the directory itself is passed on, and nothing here does anything.
 *
 * @param directory of the coordinator that gives, or takes over
 * @param shared its files in the store
 */
record Handover(CoordinatorDirectory directory, SharedFiles shared) {

    /** Keeps all that the next one to lead needs. */
    void keep() {
        directory.lasting().stream().filter(Files::exists).forEach(shared::keep);
        directory.latest().stream().filter(Files::exists).forEach(shared::keepAnew);
        if (Files.exists(directory.stewardPin())) {
            shared.keepAnew(directory.stewardPin());
        }
    }

    /** Takes over from whoever led before; what is not needed at once is fetched when it is. */
    void take() {
        fetchEvidence();
        shared.fetchAll(directory.certificates());
        shared.fetchAnew(directory.stewardPin(), _ -> {});
    }

    /** Fetches what members have signed about the log. */
    void fetchEvidence() {
        shared.fetchAll(directory.moves());
        shared.fetchAllAnew(directory.cosignatures());
    }

    /** Fetches all that belongs to no round's files. */
    void fetchDocuments() {
        take();
        new EnvelopeShelf(directory, shared).fetchAll();
        directory.latest().forEach(shared::fetchAllAnew);
    }
}
