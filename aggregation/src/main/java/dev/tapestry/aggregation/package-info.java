/**
 * Merging the members' contributions into the next shared base, so that everybody can do it again.
 *
 * <p>{@link dev.tapestry.aggregation.ContributionValidator} looks at each contribution, {@link
 * dev.tapestry.aggregation.weighting.Apportionment} says how much it counts, {@link
 * dev.tapestry.aggregation.Merge} writes the candidate, {@link
 * dev.tapestry.aggregation.MergeVerification} proves it from the same inputs.
 *
 * <p><b>The same bytes everywhere.</b> For each element: Δₘ = θ − θₘ in fp32; Δ begins at +0 and wₘ
 * (rounded to fp32) · Δₘ is added in the order of member ids, multiplication and addition rounded
 * apart; members with wₘ = 0 are not added. Then b ← μ b + Δ, Δ ← Δ + μ b, θ ← θ − η Δ (or what
 * another outer optimiser does), each operation rounded to fp32. Rules that look at distances take
 * all inner products of the updates in double precision ({@link dev.tapestry.aggregation.Kernels}),
 * work out coefficients from them on the heap, and add up with coefficients in the place of
 * weights. Rules by coordinate sort the members' values and add from the lowest up. Norms and
 * cosines: in each chunk of 1,024 elements eight single-precision lanes take the products of
 * elements i mod 8, are widened to double precision and added as ((0+1)+(2+3)) + ((4+5)+(6+7)); if
 * that is below 2⁻¹⁰⁰ in size or not finite, the chunk is summed again in double precision, element
 * by element. Chunks are added in order to the sum of their window of 262,144 elements, windows in
 * order to the tensor (norm-preserving direction, validation) or shard (statistics), shards in
 * order of their names.
 */
@NullMarked
package dev.tapestry.aggregation;

import org.jspecify.annotations.NullMarked;
