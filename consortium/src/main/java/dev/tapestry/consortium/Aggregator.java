package dev.tapestry.consortium;

/**
 * How the members' updates Δₘ (or what {@link Mixing} made of them) become one. wₘ are the
 * charter's weights. Where they are ignored the rule counts heads: it promises something as long as
 * at most so many members are wrong, and weights would let fewer outvote the rest.
 */
public sealed interface Aggregator {

    /** The weighted mean, Σ wₘ Δₘ. */
    record Mean() implements Aggregator {}

    /**
     * Per hidden matrix, the mean of the directions with the mean of the norms (Decoupled DiLoCo,
     * arXiv 2604.21428): nearly orthogonal updates do not shrink. All else by the weighted mean.
     */
    record NormPreserving() implements Aggregator {}

    /**
     * Per coordinate, the weighted mean of those whose update is not 0 there (SparseLoCo, arXiv
     * 2508.15706), for members that send only their largest coordinates. One sender alone decides a
     * coordinate: only with {@link Clipping.MedianNorm}.
     */
    record MeanOverSenders() implements Aggregator {}

    /**
     * Per coordinate, the median; of an even number the mean of the middle two (arXiv 1803.01498).
     * Weights are ignored.
     */
    record CoordinateMedian() implements Aggregator {}

    /**
     * Per coordinate, the mean without the f largest and f smallest (arXiv 1803.01498). Weights are
     * ignored.
     *
     * @param byzantine f, at least 1; fewer than half of all
     */
    record TrimmedMean(int byzantine) implements Aggregator {
        public TrimmedMean {
            Bounds.atLeast(1, "byzantine", byzantine);
        }
    }

    /**
     * Krum (Blanchard et al., NeurIPS 2017; arXiv 1703.02757): an update's score is the sum of its
     * squared distances to the n − f − 2 others nearest to it; the mean of the m updates with the
     * smallest scores is taken. Distances are those of whole models. Weights are ignored in the
     * choice and count in the mean of the chosen.
     *
     * @param byzantine f, at least 1; n ≥ 2f + 3
     * @param selected m, at least 1 (Krum itself) and at most n − f − 2
     */
    record Krum(int byzantine, int selected) implements Aggregator {
        public Krum {
            Bounds.atLeast(1, "byzantine", byzantine);
            Bounds.atLeast(1, "selected", selected);
        }
    }

    /**
     * The point with the least weighted sum of distances to all updates, by smoothed Weiszfeld
     * steps from the weighted mean (RFA, arXiv 1912.13445): βₘ = wₘ ÷ max(ν, ‖z − Δₘ‖), z ← Σ βₘ Δₘ
     * ÷ Σ βₘ. Distances are those of whole models.
     *
     * @param smoothing ν, in units of the updates' norms, above 0
     * @param iterations T, 1 to 1,000
     */
    record GeometricMedian(double smoothing, int iterations) implements Aggregator {
        public GeometricMedian {
            Bounds.positive("smoothing", smoothing);
            Bounds.iterations(iterations);
        }
    }

    /**
     * Centred clipping (arXiv 2012.10333): v ← v + Σ wₘ (Δₘ − v) min(1, τ ÷ ‖Δₘ − v‖), from the
     * update of the round before (from 0 in the first). Distances are those of whole models.
     *
     * @param radius τ, in units of the updates' norms, above 0
     * @param iterations T, 1 to 1,000
     */
    record CentredClipping(double radius, int iterations) implements Aggregator {
        public CentredClipping {
            Bounds.positive("radius", radius);
            Bounds.iterations(iterations);
        }
    }
}
