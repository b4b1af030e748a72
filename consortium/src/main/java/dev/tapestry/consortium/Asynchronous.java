package dev.tapestry.consortium;

/**
 * That a round waits for no particular member: it merges as soon as so many contributions are in
 * (buffered asynchronous aggregation, FedBuff, arXiv 2106.06639), and is decided as soon as a
 * quorum has scored. Whoever was not ready contributes to a later round, by the charter's {@link
 * LateRule}.
 *
 * @param buffer contributions that are merged at once (K), at least 1
 */
public record Asynchronous(int buffer) {

    public Asynchronous {
        if (buffer < 1) {
            throw new IllegalArgumentException("asynchronous: buffer is at least 1, not " + buffer);
        }
    }
}
