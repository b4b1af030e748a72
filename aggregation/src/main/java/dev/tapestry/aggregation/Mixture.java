package dev.tapestry.aggregation;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * The vectors that an aggregator sees, as means of members' updates: all members with weight, or
 * what mixing made of them. Nobody changes its arrays.
 */
final class Mixture {

    private final double[][] rows;
    private final double[] weights;

    private Mixture(double[][] rows, double[] weights) {
        this.rows = rows;
        this.weights = weights;
    }

    /** By vector, how much of each member is in it. */
    double[][] rows() {
        return rows;
    }

    /** By vector; they sum to 1. */
    double[] weights() {
        return weights;
    }

    /** Every member with weight stands for itself. */
    static Mixture plain(double[] weights) {
        int[] voters = voters(weights);
        double[][] rows = new double[voters.length][weights.length];
        for (int voter = 0; voter < voters.length; voter++) {
            rows[voter][voters[voter]] = 1;
        }
        return new Mixture(rows, Arrays.stream(voters).mapToDouble(m -> weights[m]).toArray());
    }

    /**
     * Buckets of members in the order of SHA-256(seed ‖ SP ‖ member id), as hexadecimal text, where
     * the seed is the hexadecimal digest of the order's lines of base and contributions with
     * weight.
     */
    static Mixture buckets(MergeOrder order, double[] weights, int size) {
        List<MemberId> members = List.copyOf(order.contributions().keySet());
        StringBuilder text = new StringBuilder("base " + order.baseDigest() + "\n");
        for (Map.Entry<MemberId, WeightedContribution> entry : order.contributions().entrySet()) {
            if (entry.getValue().weight() > 0) {
                text.append(entry.getKey() + " " + entry.getValue().digest() + "\n");
            }
        }
        Digest seed = Digest.of(text.toString().getBytes(StandardCharsets.UTF_8));
        List<Integer> shuffled =
                Arrays.stream(voters(weights))
                        .boxed()
                        .sorted(Comparator.comparing(member -> lot(seed, members.get(member))))
                        .toList();
        int buckets = Math.ceilDiv(shuffled.size(), size);
        double[][] rows = new double[buckets][];
        double[] sums = new double[buckets];
        for (int bucket = 0; bucket < buckets; bucket++) {
            int end = Math.min(shuffled.size(), (bucket + 1) * size);
            int[] in =
                    shuffled.subList(bucket * size, end).stream()
                            .mapToInt(Integer::intValue)
                            .sorted()
                            .toArray();
            rows[bucket] = mean(in, weights);
            sums[bucket] = Arrays.stream(in).mapToDouble(m -> weights[m]).reduce(0, Double::sum);
        }
        return new Mixture(rows, sums);
    }

    private static String lot(Digest seed, MemberId member) {
        return Digest.of((seed + " " + member).getBytes(StandardCharsets.UTF_8)).hex();
    }

    /** Each member's n − f nearest, itself first; of equally near ones the first. */
    static Mixture nearest(Gram updates, double[] weights, int byzantine) {
        int[] voters = voters(weights);
        double[][] rows = new double[voters.length][];
        for (int voter = 0; voter < voters.length; voter++) {
            int of = voters[voter];
            int[] nearest =
                    Arrays.stream(voters)
                            .boxed()
                            .sorted(
                                    Comparator.comparing((Integer m) -> m != of)
                                            .thenComparingDouble(
                                                    m -> updates.squaredDistance(of, m)))
                            .limit((long) voters.length - byzantine)
                            .mapToInt(Integer::intValue)
                            .sorted()
                            .toArray();
            rows[voter] = mean(nearest, weights);
        }
        return new Mixture(rows, plain(weights).weights());
    }

    private static int[] voters(double[] weights) {
        return IntStream.range(0, weights.length).filter(m -> weights[m] > 0).toArray();
    }

    private static double[] mean(int[] members, double[] weights) {
        double sum = Arrays.stream(members).mapToDouble(m -> weights[m]).reduce(0, Double::sum);
        double[] row = new double[weights.length];
        for (int member : members) {
            row[member] = weights[member] / sum;
        }
        return row;
    }

    /** How much of each member is in Σ coefficient · vector. */
    double[] members(double[] coefficients) {
        double[] members = new double[rows[0].length];
        for (int voter = 0; voter < rows.length; voter++) {
            for (int member = 0; member < members.length; member++) {
                members[member] += coefficients[voter] * rows[voter][member];
            }
        }
        return members;
    }
}
