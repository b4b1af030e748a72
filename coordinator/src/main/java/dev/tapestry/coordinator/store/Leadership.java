package dev.tapestry.coordinator.store;

import dev.tapestry.trust.TrustException;
import java.util.concurrent.CompletableFuture;

/** Whether this coordinator is the one that may change anything. Thread-safe. */
public sealed interface Leadership permits Lease, Leadership.Alone {

    /** Whether it leads as far as it can tell without asking anybody. */
    boolean held();

    /**
     * Returns when it leads for certain.
     *
     * @throws TrustException {@code LOG_LEASE_LOST}; {@code STORAGE} if nobody can say
     */
    void confirm();

    /** Completed when another one leads, or nobody could say for so long that one may. */
    CompletableFuture<TrustException> lost();

    /** Of a coordinator whose stores are files of its own: the log's lock says all. */
    record Alone() implements Leadership {

        @Override
        public boolean held() {
            return true;
        }

        @Override
        public void confirm() {
            // Nobody else can write.
        }

        @Override
        public CompletableFuture<TrustException> lost() {
            return new CompletableFuture<>();
        }
    }
}
