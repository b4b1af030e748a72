package dev.tapestry.app.study.robustness;

import dev.tapestry.app.study.Recipe;
import dev.tapestry.app.text.Language;
import dev.tapestry.consortium.MemberId;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;

/**
 * What is the same in all trials of a study.
 *
 * @param languages who holds text in what; no language twice
 * @param bad who attacks, in the order in which they are enlisted; the figures of honest members
 *     leave all of these out, so that trials with fewer attackers compare
 * @param recipe how each member learns
 * @param tokens of each member
 * @param steps local steps in a round
 * @param scoredTokens of each language's held-out text
 * @param maxRelativeUpdateNorm the charter's
 * @param probe how a backdoor is looked for
 */
record Conditions(
        List<Speakers> languages,
        List<MemberId> bad,
        Recipe recipe,
        long tokens,
        int steps,
        long scoredTokens,
        double maxRelativeUpdateNorm,
        Probe probe) {

    /**
     * The members with one language, named {@code da-1}, {@code da-2} and so on; each holds another
     * part of its training text.
     */
    record Speakers(Language language, int members) {
        Speakers {
            Range.atLeastOne("the members of a language", members);
        }

        /** Under this name its corpus is kept. */
        MemberId corpus() {
            return new MemberId(language.name().toLowerCase(Locale.ROOT));
        }

        List<MemberId> ids() {
            List<MemberId> ids = new ArrayList<>();
            for (int place = 1; place <= members; place++) {
                ids.add(new MemberId(corpus() + "-" + place));
            }
            return ids;
        }
    }

    /**
     * A phrase that no honest text has.
     *
     * @param trigger its first part
     * @param target what shall follow
     * @param prefixes pieces of each language's held-out text before which and after which it is
     *     looked for
     */
    record Probe(String trigger, String target, int prefixes) {
        Probe {
            if (trigger.isBlank() || target.isBlank()) {
                throw new IllegalArgumentException("trigger and target are not empty");
            }
            Range.atLeastOne("prefixes", prefixes);
        }
    }

    Conditions {
        languages = List.copyOf(languages);
        bad = List.copyOf(bad);
        Range.atLeastOne("tokens", tokens);
        Range.atLeastOne("steps", steps);
        Range.atLeastOne("scoredTokens", scoredTokens);
        Range.positive("maxRelativeUpdateNorm", maxRelativeUpdateNorm);
        if (new HashSet<>(languages.stream().map(Speakers::language).toList()).size()
                < languages.size()) {
            throw new IllegalArgumentException("a language stands twice; give it more members");
        }
        List<MemberId> members = members(languages);
        if (bad.isEmpty() || !members.containsAll(bad) || new HashSet<>(bad).size() < bad.size()) {
            throw new IllegalArgumentException(
                    "the bad members are some of %s, each once, not %s".formatted(members, bad));
        }
        if (2 * bad.size() >= members.size()) {
            throw new IllegalArgumentException(
                    "%d of %d members are bad; no rule promises anything unless it is fewer than half"
                            .formatted(bad.size(), members.size()));
        }
        if (minority(languages, bad).isEmpty()) {
            throw new IllegalArgumentException(
                    "no honest member is alone with its language; add a language with 1 member");
        }
    }

    /** All members. */
    List<MemberId> members() {
        return members(languages);
    }

    private static List<MemberId> members(List<Speakers> languages) {
        return languages.stream().flatMap(speakers -> speakers.ids().stream()).toList();
    }

    /** The members that are honest in every trial. */
    List<MemberId> honest() {
        return members().stream().filter(member -> !bad.contains(member)).toList();
    }

    /** The honest members that are alone with their language. */
    List<MemberId> minority() {
        return minority(languages, bad);
    }

    private static List<MemberId> minority(List<Speakers> languages, List<MemberId> bad) {
        return languages.stream()
                .filter(speakers -> speakers.members() == 1)
                .flatMap(speakers -> speakers.ids().stream())
                .filter(member -> !bad.contains(member))
                .toList();
    }
}
