package dev.tapestry.app.study.simulation;

import static dev.tapestry.app.study.simulation.SimulationPlan.require;

import dev.tapestry.app.study.Recipe;
import dev.tapestry.app.text.Language;
import dev.tapestry.consortium.LocalTraining;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;

/**
 * Real training on the studies' open text. Members take the languages in turn; those of one
 * language hold different parts of its text and are scored on the same held-out text.
 *
 * @param languages who holds text in what; no language twice
 * @param start the model with which the consortium begins
 * @param optimizerState what becomes of it between a member's rounds
 * @param recipe how each member learns; the schedule runs over all rounds
 * @param scoredTokens of each language's held-out text, after every round
 */
public record Text(
        List<Language> languages,
        StartModel start,
        OptimizerState optimizerState,
        Recipe recipe,
        long scoredTokens)
        implements Learning {

    /** What becomes of an inner optimiser's state between rounds. */
    public enum OptimizerState {
        /** It goes on from the member's round before, as in a node; on disk until then. */
        KEPT,
        /** Each round begins with a fresh one: no state on disk, and another place in the text. */
        DROPPED
    }

    public Text {
        languages = List.copyOf(languages);
        require(!languages.isEmpty(), "languages", "at least one", "none");
        require(
                new HashSet<>(languages).size() == languages.size(),
                "languages",
                "each once",
                languages);
        require(scoredTokens >= 1, "scoredTokens", "at least 1", scoredTokens);
    }

    @Override
    public LocalTraining training(int rounds, int steps, long seed) {
        return recipe.training(rounds, steps, seed);
    }

    @Override
    public long scoringTokens() {
        return scoredTokens;
    }

    @Override
    public boolean sharesGradients() {
        return true;
    }

    @Override
    public boolean goesOn() {
        return optimizerState == OptimizerState.KEPT;
    }

    @Override
    public LocalWork open(Setting setting) throws IOException {
        return TextWork.open(this, setting);
    }
}
