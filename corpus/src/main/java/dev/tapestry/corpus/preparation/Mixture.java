package dev.tapestry.corpus.preparation;

/**
 * How much of each domain is trained on. With {@code n} bytes of a domain its share is
 *
 * <pre>p ∝ weight · n^(1/T)</pre>
 *
 * (Devlin et al. 2019; Conneau et al. 2020, arXiv 1911.02116, with α = 1/T). All text together
 * stays as long as it was; a domain whose share grows is repeated, one whose share shrinks loses
 * documents, chosen by hash.
 *
 * @param temperature 1 leaves shares as they are, a higher one brings them nearer to each other
 * @param mostRepeats no document is trained on more often; up to four passes are nearly as good as
 *     fresh text (Muennighoff et al. 2023, arXiv 2305.16264)
 */
public record Mixture(double temperature, double mostRepeats) {

    public Mixture {
        PreparationPlan.requireRange("mixing: temperature", temperature, 1, 100);
        PreparationPlan.requireRange("mixing: most-repeats", mostRepeats, 1, 100);
    }

    /** Every document once. */
    public static Mixture asItIs() {
        return new Mixture(1, 4);
    }

    /**
     * How often the text of each domain is used.
     *
     * @param bytes of each domain's text
     * @param weights of each domain
     * @return for each domain, repeats of each document: 1.25 means once, and one in four twice
     */
    double[] repeats(long[] bytes, double[] weights) {
        double sum = 0;
        double total = 0;
        double[] shares = new double[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            shares[i] = weights[i] * Math.pow((double) bytes[i], 1 / temperature);
            sum += shares[i];
            total += bytes[i];
        }
        double[] repeats = new double[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            double exact = bytes[i] == 0 ? 0 : shares[i] / sum * total / bytes[i];
            // What is once but for rounding is once.
            double near = Math.rint(exact * 1e9) / 1e9;
            repeats[i] = Math.min(near, mostRepeats);
        }
        return repeats;
    }
}
