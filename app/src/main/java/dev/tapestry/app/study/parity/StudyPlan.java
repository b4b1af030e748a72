package dev.tapestry.app.study.parity;

import dev.tapestry.app.study.PrivateSteps;
import dev.tapestry.app.study.Recipe;
import dev.tapestry.app.study.Scheme;
import dev.tapestry.consortium.LocalTraining;
import dev.tapestry.consortium.PrimalAveraging;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What a study compares; a strict YAML file.
 *
 * @param scoredTokens of each member's held-out text on which every arm is scored
 * @param arms no name twice
 */
public record StudyPlan(long scoredTokens, List<ArmPlan> arms) {

    private static final double EMBEDDING_EPSILON = 1e-4;

    /**
     * One arm.
     *
     * @param name letters, digits and hyphens
     * @param start where training begins
     * @param group who takes part
     * @param shuffled whether the members' text is dealt out among them, as a control
     * @param tokens of each member
     * @param seeds the first one is also the one on which the rate is chosen
     * @param rates peak learning rates that are tried: the arm's tuning budget
     * @param optimizer inner optimiser
     * @param embeddingRate peak rate of embedding and norms as a multiple of the hidden matrices',
     *     where the optimiser is Muon; 1 unless said
     * @param batchSequences of each member in a step
     * @param averaging around the inner optimiser; none unless said
     * @param scheme who trains
     * @param model how large it is; ONE_MILLION unless said
     * @param privateSteps that each member takes afterwards on its own text; none unless said
     */
    public record ArmPlan(
            String name,
            Start start,
            Group group,
            boolean shuffled,
            long tokens,
            List<Long> seeds,
            List<Double> rates,
            LocalTraining.Optimizer optimizer,
            Optional<Double> embeddingRate,
            int batchSequences,
            Optional<PrimalAveraging> averaging,
            Scheme scheme,
            Optional<Size> model,
            Optional<PrivateSteps> privateSteps) {
        public ArmPlan {
            seeds = List.copyOf(seeds);
            model = model.filter(size -> size != Size.ONE_MILLION); // one way to say it
            rates = rates.stream().sorted().distinct().toList();
            if (!name.matches("[a-z0-9][a-z0-9-]{0,60}")) {
                throw new IllegalArgumentException(
                        "an arm is named by small letters, digits and hyphens, not '" + name + "'");
            }
            if (seeds.isEmpty() || rates.isEmpty()) {
                throw new IllegalArgumentException(
                        "arm " + name + " needs at least one seed and one rate");
            }
            if (privateSteps.isPresent() && scheme instanceof Scheme.Alone) {
                throw new IllegalArgumentException(
                        "arm %s: members that train alone take no private steps; give them as many more tokens"
                                .formatted(name));
            }
        }

        /** The training with one rate and seed. */
        Cell cell(double rate, long seed, long scoredTokens) {
            Recipe recipe =
                    new Recipe(
                            optimizer,
                            rate,
                            embeddingRate.map(factor -> factor * rate),
                            EMBEDDING_EPSILON,
                            batchSequences,
                            averaging);
            return new Cell(
                    name,
                    start,
                    group,
                    shuffled,
                    tokens,
                    recipe,
                    scheme,
                    seed,
                    scoredTokens,
                    model,
                    privateSteps);
        }

        /**
         * Whether others are compared to it: it trains on pooled data, and is not there to show
         * what becomes of a model afterwards.
         */
        boolean isReference() {
            return scheme instanceof Scheme.Central && privateSteps.isEmpty();
        }

        /** Whether both begin alike and read as much of the same text. */
        boolean comparesWith(ArmPlan other) {
            return start == other.start
                    && group == other.group
                    && tokens == other.tokens
                    && model.equals(other.model);
        }
    }

    public StudyPlan {
        if (scoredTokens < 1) {
            throw new IllegalArgumentException("scoredTokens is at least 1, not " + scoredTokens);
        }
        arms = List.copyOf(arms);
        Set<String> names = new HashSet<>();
        for (ArmPlan arm : arms) {
            if (!names.add(arm.name())) {
                throw new IllegalArgumentException("the arm " + arm.name() + " stands twice");
            }
        }
    }
}
