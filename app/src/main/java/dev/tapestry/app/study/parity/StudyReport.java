package dev.tapestry.app.study.parity;

import dev.tapestry.app.study.Gap;
import dev.tapestry.app.study.Scheme;
import dev.tapestry.app.study.StudyFiles;
import dev.tapestry.consortium.MemberId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/**
 * What a study found, as figures.
 *
 * @param commit of the programs that ran its cells, sorted
 * @param arms with at least one seed
 */
record StudyReport(String commit, List<Row> arms) {

    /**
     * One arm; what is not known is null.
     *
     * @param start {@code ADOPTED} or {@code SCRATCH}
     * @param members how many
     * @param h local steps between two contributions of a member; null where there are none
     * @param seeds that have been run
     * @param tokens of each member
     * @param ownBpb mean of members' bits per byte on their own text, each with a model of its own:
     *     after private steps, or trained alone; null where all have the same model
     * @param gapPercent behind the best central arm with the same start, members and tokens
     * @param gapCiHighPercent upper end of its 95 % confidence interval
     * @param bytesReduction bytes of per-step data parallelism in fp32 (4 up and 4 down for each
     *     parameter and step of the best central arm, or of this one where there is none) ÷ bytes
     *     of the arm
     * @param bytesUpPerParam that a member sends in a round, for each parameter; null where rounds
     *     are not all alike
     * @param worstMemberGapPercent the gap of the member that is farthest behind
     * @param rate the learning rate that was best on the first seed
     * @param rates that were tried on the first seed
     * @param rateAtTheEdge whether the lowest or the highest of them was the best
     * @param devices that its seeds were trained on
     * @param settings the chosen rate's cell, spelled as in its file
     */
    record Row(
            String name,
            Start start,
            int members,
            boolean shuffled,
            Optional<Integer> h,
            List<Long> seeds,
            long tokens,
            double meanBpb,
            Optional<Double> ownBpb,
            Optional<Double> gapPercent,
            Optional<Double> gapCiHighPercent,
            Optional<Double> bytesReduction,
            Optional<Double> bytesUpPerParam,
            Optional<Double> worstMemberGapPercent,
            double rate,
            List<Double> rates,
            boolean rateAtTheEdge,
            List<String> devices,
            JsonNode settings) {}

    static StudyReport of(Study study, StudyPlan plan) {
        List<ArmResult> results =
                plan.arms().stream()
                        .map(study::result)
                        .filter(result -> !result.seeds().isEmpty())
                        .toList();
        List<Row> rows = new ArrayList<>();
        for (ArmResult result : results) {
            Optional<ArmResult> best =
                    results.stream()
                            .filter(other -> other.arm().isReference())
                            .filter(other -> other.arm().comparesWith(result.arm()))
                            .min(Comparator.comparingDouble(ArmResult::meanBitsPerByte));
            rows.add(row(result, best));
        }
        String commit =
                results.stream()
                        .flatMap(result -> result.seeds().stream())
                        .map(CellResult::commit)
                        .distinct()
                        .sorted()
                        .collect(Collectors.joining(", "));
        return new StudyReport(commit, rows);
    }

    private static Row row(ArmResult result, Optional<ArmResult> best) {
        StudyPlan.ArmPlan arm = result.arm();
        CellResult any = result.seeds().getFirst();
        Optional<Gap> gap = best.flatMap(central -> gap(result, central));
        Optional<Scheme.Rounds> rounds =
                arm.scheme() instanceof Scheme.Loop(Scheme.Rounds r)
                        ? Optional.of(r)
                        : Optional.empty();
        double steps = steps(any);
        double reference = best.map(central -> steps(central.seeds().getFirst())).orElse(steps);
        return new Row(
                arm.name(),
                arm.start(),
                arm.group().members().size(),
                arm.shuffled(),
                interval(arm.scheme()),
                result.seeds().stream().map(seed -> seed.cell().seed()).toList(),
                arm.tokens(),
                result.meanBitsPerByte(),
                own(result),
                gap.map(Gap::percent),
                gap.map(Gap::high).filter(Double::isFinite),
                any.uploaded() == 0
                        ? Optional.empty()
                        : Optional.of(
                                2.0
                                        * Float.BYTES
                                        * any.parameters()
                                        * reference
                                        / (any.uploaded() + any.downloaded())),
                rounds.filter(r -> r.growth().isEmpty() && r.churn().isEmpty())
                        .map(r ->
                                (double) any.uploaded()
                                        / any.parameters()
                                        / Math.ceil(steps / r.steps())),
                best.flatMap(central -> worst(result, central)),
                any.cell().recipe().learningRate(),
                arm.rates(),
                result.atTheEdge(),
                result.seeds().stream()
                        .map(seed -> seed.device().orElse("cpu"))
                        .distinct()
                        .sorted()
                        .toList(),
                StudyFiles.tree(any.cell()));
    }

    private static Optional<Double> own(ArmResult result) {
        if (result.arm().scheme() instanceof Scheme.Alone) {
            return Optional.of(result.meanBitsPerByte());
        }
        OptionalDouble mean =
                result.seeds().stream()
                        .flatMap(seed -> seed.ownBitsPerByte().stream())
                        .flatMap(own -> own.values().stream())
                        .mapToDouble(Double::doubleValue)
                        .average();
        return mean.isPresent() ? Optional.of(mean.getAsDouble()) : Optional.empty();
    }

    private static double steps(CellResult cell) {
        return Math.ceil((double) cell.cell().tokens() / cell.tokensPerStep());
    }

    /** Local steps between two contributions of a member. */
    private static Optional<Integer> interval(Scheme scheme) {
        return switch (scheme) {
            case Scheme.Loop(Scheme.Rounds rounds) -> Optional.of(rounds.steps());
            case Scheme.Asynchronous free -> Optional.of(free.steps());
            case Scheme.Untrained _, Scheme.Central _, Scheme.Alone _ -> Optional.empty();
        };
    }

    /** Over the seeds that both have. */
    private static Optional<Gap> gap(ArmResult result, ArmResult central) {
        List<Double> percents = new ArrayList<>();
        for (CellResult own : result.seeds()) {
            central.of(own.cell().seed())
                    .ifPresent(other ->
                            percents.add(
                                    Gap.percent(own.meanBitsPerByte(), other.meanBitsPerByte())));
        }
        return percents.isEmpty() ? Optional.empty() : Optional.of(Gap.of(percents));
    }

    private static Optional<Double> worst(ArmResult result, ArmResult central) {
        List<Double> gaps = new ArrayList<>();
        for (MemberId member : result.arm().group().members()) {
            List<Double> percents = new ArrayList<>();
            for (CellResult own : result.seeds()) {
                central.of(own.cell().seed())
                        .ifPresent(other ->
                                percents.add(
                                        Gap.percent(
                                                own.bitsPerByte().getOrDefault(member, 0.0),
                                                other.bitsPerByte().getOrDefault(member, 0.0))));
            }
            if (!percents.isEmpty()) {
                gaps.add(Gap.of(percents).percent());
            }
        }
        return gaps.stream().max(Comparator.naturalOrder());
    }
}
