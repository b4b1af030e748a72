package dev.tapestry.coordinator;

import dev.tapestry.consortium.Standstill;
import dev.tapestry.consortium.protocol.Wait;
import java.time.Duration;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * No wait is silent: once a minute the log says for whom, or how far the merge is, and at once that
 * no round can begin. On a thread of its own, because the round desk may merge for hours.
 */
final class WaitTeller implements Runnable {

    private static final System.Logger LOG = System.getLogger(WaitTeller.class.getName());
    private static final Duration TELL = Duration.ofMinutes(1);
    private static final Duration LOOK = Duration.ofSeconds(10);

    private final Ledger ledger;
    private final PresenceBoard presence;
    private final LongSupplier steady;
    private long toldVersion;
    private long told;
    private Optional<Standstill> toldStandstill = Optional.empty();

    /**
     * One that has not told anything.
     *
     * @param steady nanoseconds that no setting of a clock moves
     */
    WaitTeller(Ledger ledger, PresenceBoard presence, LongSupplier steady) {
        this.ledger = ledger;
        this.presence = presence;
        this.steady = steady;
        this.told = steady.getAsLong();
    }

    @Override
    public void run() {
        try {
            while (true) {
                look();
                Thread.sleep(LOOK);
            }
        } catch (InterruptedException e) {
            // closed
        }
    }

    private void look() {
        try {
            due().ifPresent(line -> LOG.log(System.Logger.Level.INFO, line));
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.WARNING, "for what the round waits could not be said", e);
        }
    }

    /** What is to be told now. */
    Optional<String> due() {
        Ledger.Snapshot now = ledger.snapshot();
        long moment = steady.getAsLong();
        boolean changed = now.version() != toldVersion;
        if (!changed && moment - told < TELL.toNanos()) {
            return Optional.empty();
        }
        toldVersion = now.version();
        told = moment;
        Optional<Standstill> standstill = now.consortium().standstill();
        boolean another = !standstill.equals(toldStandstill);
        toldStandstill = standstill;
        if (changed && !(another && standstill.isPresent())) {
            return Optional.empty(); // the chronicle has just said what changed
        }
        return Optional.of(new Wait(Views.round(now), presence.view(now.consortium())))
                .filter(Wait::isOne)
                .map(Wait::line);
    }
}
