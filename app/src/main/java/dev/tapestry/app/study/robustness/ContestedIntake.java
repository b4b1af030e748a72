package dev.tapestry.app.study.robustness;

import dev.tapestry.aggregation.ContributionValidator;
import dev.tapestry.aggregation.Validation;
import dev.tapestry.app.study.Intake;
import dev.tapestry.app.study.Update;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.weights.ModelDirectory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * An intake at which bad members hand in forged contributions, and every contribution is checked as
 * a coordinator checks it. Keeps account of what was refused and of what was merged.
 */
final class ContestedIntake implements Intake {

    /** With less of an equal share than this a member was left out. */
    private static final double LEFT_OUT = 0.1;

    private final Optional<Attack> attack;
    private final List<MemberId> bad;
    private final ContributionValidator check;
    private final SplittableRandom random;

    private final SortedMap<MemberId, List<Update>> past = new TreeMap<>();
    private final List<Update> steps = new ArrayList<>();
    private final SortedMap<String, Integer> refusals = new TreeMap<>();
    private final SortedMap<MemberId, Double> norms = new TreeMap<>();
    private final SortedMap<MemberId, Double> shares = new TreeMap<>();
    private final SortedMap<MemberId, Integer> leftOut = new TreeMap<>();
    private SortedMap<MemberId, Update> admitted = new TreeMap<>();
    private List<MemberId> invited = List.of();

    /**
     * An intake.
     *
     * @param attack empty where all are honest
     * @param bad who attacks
     * @param maxRelativeUpdateNorm the charter's
     */
    ContestedIntake(
            Optional<Attack> attack, List<MemberId> bad, double maxRelativeUpdateNorm, long seed) {
        this.attack = attack;
        this.bad = List.copyOf(bad);
        this.check = new ContributionValidator(maxRelativeUpdateNorm);
        this.random = new SplittableRandom(seed);
    }

    @Override
    public SortedMap<MemberId, Path> admit(
            ModelDirectory base, SortedMap<MemberId, Path> contributions, Path folder) {
        invited = List.copyOf(contributions.keySet());
        SortedMap<MemberId, Path> sent = new TreeMap<>(contributions);
        attack.ifPresent(how -> sent.putAll(forged(how, base, contributions, folder)));
        SortedMap<MemberId, Path> passed = new TreeMap<>();
        admitted = new TreeMap<>();
        sent.forEach((member, path) -> {
            try (ModelDirectory model = ModelDirectory.open(path)) {
                switch (check.validate(base, model)) {
                    case Validation.Sound(double updateNorm, double _) -> {
                        norms.merge(member, updateNorm, Double::sum);
                        passed.put(member, path);
                        admitted.put(member, Update.between(base, model));
                    }
                    case Validation.Unsound(var refusal) ->
                            refusals.merge(who(member) + " " + refusal.finding(), 1, Integer::sum);
                }
            }
        });
        return passed;
    }

    private String who(MemberId member) {
        return bad.contains(member) ? "bad" : "honest";
    }

    private SortedMap<MemberId, Path> forged(
            Attack how, ModelDirectory base, SortedMap<MemberId, Path> contributions, Path folder) {
        SortedMap<MemberId, Update> trained = new TreeMap<>();
        contributions.forEach((member, path) -> {
            if (bad.contains(member)) {
                try (ModelDirectory model = ModelDirectory.open(path)) {
                    trained.put(member, Update.between(base, model));
                }
            }
        });
        SortedMap<MemberId, Path> forged = new TreeMap<>();
        trained.forEach((member, own) -> {
            List<Update> before = past.computeIfAbsent(member, _ -> new ArrayList<>());
            Path target = directory(folder).resolve(member.value());
            how.forge(new Knowledge(own, List.copyOf(trained.values()), before, steps, random))
                    .writeOnto(base, target);
            forged.put(member, target);
            before.add(own);
        });
        return forged;
    }

    private static Path directory(Path folder) {
        try {
            return Files.createDirectories(folder.resolve("taken-in"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void merged(ModelDirectory base, ModelDirectory candidate) {
        Update step = Update.between(base, candidate);
        double[] coefficients = Shares.of(List.copyOf(admitted.values()), step);
        List<MemberId> members = List.copyOf(admitted.keySet());
        for (MemberId member : invited) {
            int place = members.indexOf(member);
            double share = place < 0 ? 0 : coefficients[place] * members.size();
            shares.merge(member, share, Double::sum);
            leftOut.merge(member, share < LEFT_OUT ? 1 : 0, Integer::sum);
        }
        steps.add(step);
        admitted = new TreeMap<>();
    }

    /** How many contributions were refused, by whose they were and the finding. */
    SortedMap<String, Integer> refusals() {
        return Collections.unmodifiableSortedMap(refusals);
    }

    /** By member, the mean over rounds of what it sent, ‖Δₘ‖; 0 where that was refused. */
    SortedMap<MemberId, Double> norms() {
        return overRounds(norms);
    }

    /** By member, the mean over rounds of its share; 1 is that of the plain mean. */
    SortedMap<MemberId, Double> shares() {
        return overRounds(shares);
    }

    private SortedMap<MemberId, Double> overRounds(SortedMap<MemberId, Double> sums) {
        SortedMap<MemberId, Double> means = new TreeMap<>();
        sums.forEach((member, sum) -> means.put(member, sum / Math.max(1, steps.size())));
        return means;
    }

    /** By member, the rounds in which it had less than a tenth of an equal share. */
    SortedMap<MemberId, Integer> leftOut() {
        return Collections.unmodifiableSortedMap(leftOut);
    }

    /** Merges so far. */
    int rounds() {
        return steps.size();
    }
}
