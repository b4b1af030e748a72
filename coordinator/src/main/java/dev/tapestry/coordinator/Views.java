package dev.tapestry.coordinator;

import dev.tapestry.consortium.Candidate;
import dev.tapestry.consortium.Consortium;
import dev.tapestry.consortium.Consortium.Run;
import dev.tapestry.consortium.ConsortiumEvent.RunEnded;
import dev.tapestry.consortium.Member;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.consortium.RoundState;
import dev.tapestry.consortium.Standstill;
import dev.tapestry.consortium.protocol.ConsortiumView;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import dev.tapestry.trust.json.CanonicalJson;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The state as nodes see it. */
final class Views {

    private Views() {}

    static ConsortiumView consortium(Ledger.Snapshot now) {
        Consortium state = now.consortium();
        return new ConsortiumView(
                state.charter(),
                state.coordinatorKey(),
                state.members().values().stream().filter(Member::active).map(Member::id).toList(),
                state.base(),
                now.version());
    }

    static RoundView round(Ledger.Snapshot now) {
        Consortium state = now.consortium();
        Optional<RoundState> round = state.round();
        Optional<RoundPlan> plan = round.map(RoundState::plan);
        return new RoundView(
                now.version(),
                round.map(Views::phase).orElse(Phase.IDLE),
                plan,
                plan.map(CanonicalJson::digest),
                round.flatMap(Views::candidate).map(Candidate::model),
                round.flatMap(Views::candidate).map(Candidate::figures),
                state.base(),
                round.map(RoundState::awaited).orElse(List.of()),
                round.flatMap(RoundState::deadline),
                state.run().map(Run::published).orElse(0),
                state.run().map(run -> run.plan().rounds()).orElse(0),
                state.ended().map(RunEnded::reason).orElse(""),
                Stream.concat(
                                round.map(Views::reason).filter(it -> !it.isEmpty()).stream(),
                                state.standstill().map(Standstill::line).stream())
                        .collect(Collectors.joining("; ")),
                late(state));
    }

    private static List<RoundView.LateWindow> late(Consortium state) {
        return state.charter().late().stream()
                .flatMap(rule ->
                        state.closedRounds().entrySet().stream()
                                .map(closed ->
                                        new RoundView.LateWindow(
                                                closed.getKey(),
                                                closed.getValue().closedAt().plus(rule.window()))))
                .toList();
    }

    static Phase phase(RoundState state) {
        return switch (state) {
            case RoundState.Collecting other -> Phase.COLLECTING;
            case RoundState.Merging other -> Phase.MERGING;
            case RoundState.Scoring other -> Phase.SCORING;
            case RoundState.Published other -> Phase.PUBLISHED;
            case RoundState.RolledBack other -> Phase.ROLLED_BACK;
            case RoundState.Abandoned other -> Phase.ABANDONED;
        };
    }

    private static Optional<Candidate> candidate(RoundState state) {
        return switch (state) {
            case RoundState.Scoring scoring -> Optional.of(scoring.candidate());
            case RoundState.Published over -> Optional.of(over.candidate());
            case RoundState.RolledBack over -> Optional.of(over.candidate());
            case RoundState.Collecting other -> Optional.empty();
            case RoundState.Merging other -> Optional.empty();
            case RoundState.Abandoned other -> Optional.empty();
        };
    }

    /** How many contributions or scores are in, while some are awaited. */
    static Optional<Integer> arrived(RoundState round) {
        return switch (round) {
            case RoundState.Collecting collecting -> Optional.of(collecting.admitted().size());
            case RoundState.Scoring scoring -> Optional.of(scoring.scores().size());
            case RoundState.Merging other -> Optional.empty();
            case RoundState.Published over -> Optional.empty();
            case RoundState.RolledBack over -> Optional.empty();
            case RoundState.Abandoned over -> Optional.empty();
        };
    }

    private static String reason(RoundState state) {
        return switch (state) {
            case RoundState.RolledBack over -> over.reason();
            case RoundState.Abandoned over -> over.reason();
            case RoundState.Collecting other -> "";
            case RoundState.Merging other -> "";
            case RoundState.Scoring other -> "";
            case RoundState.Published other -> "";
        };
    }
}
