package dev.tapestry.node.preferences;

import dev.tapestry.corpus.chat.Conversation;
import dev.tapestry.corpus.chat.Message;
import dev.tapestry.corpus.chat.PreferencePair;
import dev.tapestry.corpus.chat.Role;
import dev.tapestry.node.StopSignal;
import dev.tapestry.node.constitution.Guard;
import dev.tapestry.node.constitution.Verdict;
import dev.tapestry.node.preferences.PreferenceLine.Scores;
import dev.tapestry.node.preferences.Ranking.Scored;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Makes candidate pairs: a model's answers to each prompt, the best beside the worst. Where the
 * constitution refuses the prompt, or every answer, its own words are the better side. Two answers
 * that are worth the same make no pair.
 */
public final class PreferenceMaking {

    private final Guard guard;
    private final Answers answers;
    private final Ranking ranking;
    private final StopSignal stop;

    /** Makes pairs by a constitution, with or without a judge. */
    public PreferenceMaking(Guard guard, Answers answers, Judge judge, StopSignal stop) {
        this.guard = guard;
        this.answers = answers;
        this.ranking = new Ranking(guard, judge);
        this.stop = stop;
    }

    /**
     * What was made.
     *
     * @param prompts that were answered
     * @param pairs that were written
     * @param refusals pairs whose better side is the constitution's own words
     * @param equal prompts whose answers are worth the same
     * @param unanswered prompts without two different answers, or too long
     */
    public record Made(int prompts, int pairs, int refusals, int equal, int unanswered) {}

    /**
     * Answers all prompts and writes the pairs; the file appears when all are there.
     *
     * @throws dev.tapestry.node.NodeException {@code STOPPED}, {@code STORAGE}, {@code
     *     JUDGE_FAILED}
     */
    public Made run(List<Conversation> prompts, Path target) {
        List<PreferenceLine> lines = new ArrayList<>();
        int refusals = 0;
        int equal = 0;
        int unanswered = 0;
        for (int number = 0; number < prompts.size(); number++) {
            stop.check();
            Conversation prompt = prompts.get(number);
            Set<String> different = new LinkedHashSet<>();
            answers.to(prompt, number).stream()
                    .filter(answer -> !answer.isBlank())
                    .forEach(different::add);
            Optional<Verdict.Refused> refused = refusal(prompt);
            if (different.size() < (refused.isPresent() ? 1 : 2)) {
                unanswered++;
                continue;
            }
            Optional<PreferenceLine> line =
                    refused.isPresent()
                            ? refusing(prompt, different, refused.orElseThrow())
                            : compared(prompt, different);
            if (line.isEmpty()) {
                equal++;
            } else {
                lines.add(line.orElseThrow());
                refusals += guard.own(line.orElseThrow().chosen()) ? 1 : 0;
            }
        }
        PreferenceFile.write(target, lines);
        return new Made(prompts.size(), lines.size(), refusals, equal, unanswered);
    }

    /** Whether the last thing that the user said is refused. */
    private Optional<Verdict.Refused> refusal(Conversation prompt) {
        return prompt.messages().stream()
                .filter(message -> message.role() == Role.USER)
                .map(Message::content)
                .map(guard::prompt)
                .filter(Verdict.Refused.class::isInstance)
                .map(Verdict.Refused.class::cast)
                .findFirst();
    }

    private Optional<PreferenceLine> refusing(
            Conversation prompt, Set<String> different, Verdict.Refused refused) {
        return different.stream()
                .filter(answer -> !guard.own(answer))
                .map(answer -> ranked(answer))
                .min(Comparator.comparingDouble(Scored::score))
                .map(worst ->
                        line(
                                prompt,
                                refused.say(),
                                worst,
                                0,
                                List.of("the prompt is refused by " + refused.rule()),
                                List.of(refused.rule())));
    }

    /** A prompt that is refused is not shown to the judge. */
    private Scored ranked(String answer) {
        return switch (guard.answer(answer)) {
            case Verdict.Refused refused ->
                    new Scored(
                            answer,
                            -10,
                            List.of(refused.rule() + " refuses it"),
                            List.of(refused.rule()),
                            Optional.of(refused.say()),
                            false);
            case Verdict.Allowed _, Verdict.Redacted _ ->
                    new Scored(
                            answer,
                            -1,
                            List.of("it answers what is refused"),
                            List.of(),
                            Optional.empty(),
                            false);
        };
    }

    private Optional<PreferenceLine> compared(Conversation prompt, Set<String> different) {
        List<Scored> scored =
                different.stream().map(answer -> ranking.of(prompt, answer)).toList();
        Comparator<Scored> byScore = Comparator.comparingDouble(Scored::score);
        Scored best = scored.stream().max(byScore).orElseThrow();
        Scored worst = scored.stream().min(byScore).orElseThrow();
        if (best.instead().isPresent()) {
            String own = best.instead().orElseThrow();
            return Optional.of(
                    line(
                            prompt,
                            own,
                            worst,
                            0,
                            List.of("every answer is refused: the constitution's own words"),
                            best.rules()));
        }
        if (!(best.score() > worst.score())) {
            return Optional.empty();
        }
        return Optional.of(
                line(
                        prompt,
                        best.answer(),
                        worst,
                        best.score(),
                        best.reasons().stream().map(reason -> "chosen: " + reason).toList(),
                        best.rules()));
    }

    private PreferenceLine line(
            Conversation prompt,
            String chosen,
            Scored worst,
            double score,
            List<String> reasons,
            List<String> rules) {
        List<String> allReasons = new ArrayList<>(reasons);
        worst.reasons().forEach(reason -> allReasons.add("rejected: " + reason));
        Set<String> allRules = new LinkedHashSet<>(rules);
        allRules.addAll(worst.rules());
        return PreferenceLine.of(
                new PreferencePair(prompt, chosen, worst.answer()),
                allReasons,
                List.copyOf(allRules),
                new Scores(score, worst.score()),
                guard.digest());
    }
}
