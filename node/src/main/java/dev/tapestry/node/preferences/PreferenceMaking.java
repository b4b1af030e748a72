package dev.tapestry.node.preferences;

import dev.tapestry.corpus.chat.Conversation;
import dev.tapestry.corpus.chat.Message;
import dev.tapestry.corpus.chat.PreferencePair;
import dev.tapestry.corpus.chat.Role;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
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
 * constitution refuses the prompt, or every answer, its own words are the better side; they are
 * never the worse one. Two answers that are worth the same make no pair, and nothing that the
 * constitution would not let through is preferred. Where a judge is asked, an answer that neither
 * it nor a rule says anything about takes no part.
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
     * @param equal prompts of whose answers none is to be preferred
     * @param unanswered prompts without two different answers, or too long
     */
    public record Made(int prompts, int pairs, int refusals, int equal, int unanswered) {}

    /**
     * Answers all prompts and writes the pairs; the file appears when all are there. What was made
     * before the judge failed lies in {@code FILE.partial}.
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
            Optional<PreferenceLine> line;
            try {
                line =
                        refused.isPresent()
                                ? refusing(prompt, different, refused.orElseThrow())
                                : compared(prompt, different);
            } catch (NodeException e) {
                throw e.code() == Code.JUDGE_FAILED && !lines.isEmpty()
                        ? kept(lines, target, e)
                        : e;
            }
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

    private static NodeException kept(List<PreferenceLine> lines, Path target, NodeException e) {
        Path partial = target.resolveSibling(target.getFileName() + ".partial");
        PreferenceFile.write(partial, lines);
        return new NodeException(
                e.code(),
                "%s; the %d pairs that were made are in %s"
                        .formatted(e.getMessage(), lines.size(), partial),
                e);
    }

    /** Whether something that the user said is refused. */
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
                .flatMap(worst ->
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
                            false,
                            false);
            case Verdict.Allowed _, Verdict.Redacted _ ->
                    new Scored(
                            answer,
                            -1,
                            List.of("it answers what is refused"),
                            List.of(),
                            Optional.empty(),
                            false,
                            false);
        };
    }

    private Optional<PreferenceLine> compared(Conversation prompt, Set<String> different) {
        boolean judged = ranking.judges(prompt);
        List<Scored> scored =
                different.stream()
                        .map(answer -> ranking.of(prompt, answer, judged))
                        .filter(one -> !judged || one.comparable())
                        .toList();
        Comparator<Scored> byScore = Comparator.comparingDouble(Scored::score);
        Optional<Scored> least = scored.stream().filter(one -> !one.own()).min(byScore);
        if (scored.size() < 2 || least.isEmpty()) {
            return Optional.empty();
        }
        Scored best = scored.stream().max(byScore).orElseThrow();
        Scored worst = least.orElseThrow();
        if (best.instead().isPresent()) {
            String own = best.instead().orElseThrow();
            return line(
                    prompt,
                    own,
                    worst,
                    0,
                    List.of("every answer is refused: the constitution's own words"),
                    best.rules());
        }
        boolean may = best.own() || guard.answer(best.answer()) instanceof Verdict.Allowed;
        if (!may || !(best.score() > worst.score())) {
            return Optional.empty();
        }
        return line(
                prompt,
                best.answer(),
                worst,
                best.score(),
                best.reasons().stream().map(reason -> "chosen: " + reason).toList(),
                best.rules());
    }

    /** Nothing where both sides say the same, or the better one nothing. */
    private Optional<PreferenceLine> line(
            Conversation prompt,
            String chosen,
            Scored worst,
            double score,
            List<String> reasons,
            List<String> rules) {
        if (chosen.isBlank() || chosen.strip().equals(worst.answer().strip())) {
            return Optional.empty();
        }
        List<String> allReasons = new ArrayList<>(reasons);
        worst.reasons().forEach(reason -> allReasons.add("rejected: " + reason));
        Set<String> allRules = new LinkedHashSet<>(rules);
        allRules.addAll(worst.rules());
        return Optional.of(
                PreferenceLine.of(
                        new PreferencePair(prompt, chosen, worst.answer()),
                        allReasons,
                        List.copyOf(allRules),
                        new Scores(score, worst.score()),
                        guard.digest()));
    }
}
