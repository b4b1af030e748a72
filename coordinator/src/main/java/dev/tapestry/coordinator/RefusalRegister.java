package dev.tapestry.coordinator;

import dev.tapestry.consortium.Consortium;
import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.ConsortiumEvent.ContributionRefused;
import dev.tapestry.consortium.Member;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.RoundInput;
import dev.tapestry.consortium.RoundInput.Refusal;
import dev.tapestry.consortium.RoundNumber;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;

/**
 * Writes what becomes of contributions to the log, refusals too.
 *
 * <p>The log is kept for ever, so nobody may fill it: of one member the first {@link #MAX_LOGGED}
 * refusals of a round are written, further ones are answered the same but only counted. The count
 * begins again with the coordinator. Thread-safe.
 */
final class RefusalRegister {

    /** So many refusals of one member stand in the log in one round. */
    static final int MAX_LOGGED = 100;

    private static final System.Logger LOG = System.getLogger(RefusalRegister.class.getName());

    private final Ledger ledger;
    private final InstantSource clock;
    private final Map<MemberId, Integer> counts = new TreeMap<>();
    private RoundNumber counted = new RoundNumber(1);

    /**
     * What became of a contribution.
     *
     * @param refusal empty if it was admitted
     * @param after the state then
     */
    record Decision(Optional<Refusal> refusal, Ledger.Snapshot after) {}

    RefusalRegister(Ledger ledger, InstantSource clock) {
        this.ledger = ledger;
        this.clock = clock;
    }

    /** Has the rules decide about a member's contribution, as the state then makes it look. */
    Decision decide(MemberId member, Function<Consortium, RoundInput> input) {
        return write(member, consortium -> consortium.decide(input.apply(consortium)));
    }

    /**
     * Refuses a contribution. Before the first round there is nothing that one could be for, and
     * nothing is written.
     *
     * @return what the member hears: this refusal, or that the round no longer collects
     */
    Refusal refuse(MemberId member, Refusal refusal) {
        Instant now = clock.instant();
        return write(member, consortium -> refused(consortium, member, refusal, now))
                .refusal()
                .orElse(refusal);
    }

    private static List<ConsortiumEvent> refused(
            Consortium consortium, MemberId member, Refusal refusal, Instant now) {
        Member known = consortium.members().get(member);
        if (known != null && known.active()) {
            return consortium.decide(new RoundInput.Unsound(member, refusal, now));
        }
        // Whoever may not take part is refused for that, whatever the round is doing.
        return consortium.round().stream()
                .<ConsortiumEvent>map(round ->
                        new ContributionRefused(
                                round.number(), member, refusal.finding(), refusal.detail(), now))
                .toList();
    }

    private synchronized Decision write(
            MemberId member, Function<Consortium, List<ConsortiumEvent>> decide) {
        AtomicReference<Optional<ContributionRefused>> found =
                new AtomicReference<>(Optional.empty());
        Ledger.Change change =
                ledger.change(consortium -> {
                    List<ConsortiumEvent> events = decide.apply(consortium);
                    found.set(refusalOf(member, events));
                    return found.get()
                            .filter(this::isOneTooMany)
                            .map(refusal -> without(refusal, events))
                            .orElse(events);
                });
        found.get().ifPresent(this::count);
        return new Decision(
                found.get().map(event -> new Refusal(event.finding(), event.detail())),
                change.after());
    }

    private static Optional<ContributionRefused> refusalOf(
            MemberId member, List<ConsortiumEvent> events) {
        return events.stream()
                .filter(ContributionRefused.class::isInstance)
                .map(ContributionRefused.class::cast)
                .filter(event -> event.member().equals(member))
                .findFirst();
    }

    private static List<ConsortiumEvent> without(
            ContributionRefused refusal, List<ConsortiumEvent> events) {
        return events.stream().filter(event -> !event.equals(refusal)).toList();
    }

    private boolean isOneTooMany(ContributionRefused refusal) {
        return refusal.round().equals(counted)
                && counts.getOrDefault(refusal.member(), 0) >= MAX_LOGGED;
    }

    private void count(ContributionRefused refusal) {
        if (!refusal.round().equals(counted)) {
            tellUnlogged();
            counts.clear();
            counted = refusal.round();
        }
        if (counts.merge(refusal.member(), 1, Integer::sum) == MAX_LOGGED) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "%s was refused %d times in round %s; further refusals are only counted"
                            .formatted(refusal.member(), MAX_LOGGED, counted));
        }
    }

    private void tellUnlogged() {
        counts.forEach((member, count) -> {
            if (count > MAX_LOGGED) {
                LOG.log(
                        System.Logger.Level.WARNING,
                        "%s was refused %d times in round %s; the first %d stand in the log"
                                .formatted(member, count, counted, MAX_LOGGED));
            }
        });
    }
}
