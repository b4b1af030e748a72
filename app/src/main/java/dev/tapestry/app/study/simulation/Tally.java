package dev.tapestry.app.study.simulation;

import dev.tapestry.app.study.simulation.SimulationReport.Outcome;
import dev.tapestry.app.study.simulation.SimulationReport.Round;
import dev.tapestry.consortium.ConsortiumEvent.ContributionRefused;
import dev.tapestry.consortium.Finding;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.RoundState;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** Counts what happens in a variant. */
final class Tally {

    /** Training without a break. */
    private record Stretch(double begun, double seconds) {
        double until(double end) {
            return Math.clamp(end - begun, 0, seconds);
        }
    }

    /** Steps of a round that a member trains one after the other. */
    static final class Training {

        private final MemberId member;
        private final int round;
        private final List<Stretch> stretches = new ArrayList<>();
        private boolean inVain;

        private Training(MemberId member, int round, Stretch whole) {
            this.member = member;
            this.round = round;
            stretches.add(whole);
        }

        /** It stands still for so long, and then goes on. */
        void pauses(double at, double seconds) {
            Stretch whole = stretches.removeLast();
            double done = whole.until(at);
            stretches.add(new Stretch(whole.begun(), done));
            stretches.add(new Stretch(at + seconds, whole.seconds() - done));
        }

        /** It ends here at the latest, and what was trained is thrown away. */
        void endsInVain(double at) {
            stretches.replaceAll(part -> new Stretch(part.begun(), part.until(at)));
            inVain = true;
        }

        private double seconds() {
            return stretches.stream().mapToDouble(Stretch::seconds).sum();
        }

        private double until(double end) {
            return stretches.stream().mapToDouble(part -> part.until(end)).sum();
        }
    }

    private final int members;
    private final List<Training> trainings = new ArrayList<>();
    private final SortedMap<String, Integer> refusals = new TreeMap<>();
    private final List<Round> rounds = new ArrayList<>();
    private long up;
    private long down;
    private int late;
    private int lateInRound;
    private int refusedInRound;
    private int merged;
    private double mergedSeconds;
    private double begun;

    Tally(int members) {
        this.members = members;
    }

    /**
     * A member begins to train.
     *
     * @param at seconds since the beginning, now or later
     */
    Training trains(MemberId member, RoundNumber round, double at, double seconds) {
        Training training = new Training(member, round.value(), new Stretch(at, seconds));
        trainings.add(training);
        return training;
    }

    void sent(long bytes) {
        up += bytes;
    }

    void received(long bytes) {
        down += bytes;
    }

    void announced(double at) {
        begun = at;
    }

    void refused(ContributionRefused event) {
        if (event.finding() == Finding.STALE_ROUND) {
            late++;
            lateInRound++;
        } else {
            refusals.merge(event.finding().name(), 1, Integer::sum);
            refusedInRound++;
        }
    }

    /**
     * A round is over.
     *
     * @param away members that were away
     * @param losses of the base after it
     */
    Round over(
            RoundState round,
            Outcome outcome,
            double at,
            int away,
            SortedMap<MemberId, Double> losses) {
        int counted = 0;
        if (outcome == Outcome.PUBLISHED) {
            counted = round.admitted().size();
            merged += counted;
            for (Training training : trainings) {
                if (training.round == round.number().value()
                        && !training.inVain
                        && round.admitted().containsKey(training.member)) {
                    mergedSeconds += training.seconds();
                }
            }
        }
        MemberId worst = worst(losses);
        Round figures =
                new Round(
                        round.number().value(),
                        outcome,
                        reason(round),
                        begun,
                        at,
                        counted,
                        lateInRound,
                        refusedInRound,
                        away,
                        upPerMember(),
                        downPerMember(),
                        mean(losses),
                        losses.getOrDefault(worst, 0.0),
                        worst);
        rounds.add(figures);
        lateInRound = 0;
        refusedInRound = 0;
        return figures;
    }

    private static String reason(RoundState round) {
        return switch (round) {
            case RoundState.RolledBack back -> back.reason();
            case RoundState.Abandoned abandoned -> abandoned.reason();
            case RoundState.Collecting _ -> "";
            case RoundState.Merging _ -> "";
            case RoundState.Scoring _ -> "";
            case RoundState.Published _ -> "";
        };
    }

    static double mean(SortedMap<MemberId, Double> losses) {
        return losses.values().stream().mapToDouble(Double::doubleValue).average().orElseThrow();
    }

    /** The member with the largest loss. */
    static MemberId worst(SortedMap<MemberId, Double> losses) {
        return Collections.max(losses.entrySet(), Map.Entry.comparingByValue()).getKey();
    }

    long upPerMember() {
        return up / members;
    }

    long downPerMember() {
        return down / members;
    }

    List<Round> rounds() {
        return List.copyOf(rounds);
    }

    int merged() {
        return merged;
    }

    int late() {
        return late;
    }

    /** Others than late ones, by finding. */
    SortedMap<String, Integer> refusals() {
        return new TreeMap<>(refusals);
    }

    /** The share of the time until {@code end} in which a member trained, over all members. */
    double utilisation(double end) {
        return end == 0 ? 0 : trained(end) / end / members;
    }

    /** The share of what was trained that went into a published base. */
    double mergedShare(double end) {
        double trained = trained(end);
        return trained == 0 ? 0 : mergedSeconds / trained;
    }

    private double trained(double end) {
        return trainings.stream().mapToDouble(training -> training.until(end)).sum();
    }
}
