package dev.tapestry.consortium;

import java.util.Optional;

/**
 * How the step from a base to its candidate was coded. With θ the base, θ* the merged model and e
 * the residual before, the candidate is θ − decode(c), where c codes u = e + (θ − θ*), and the
 * residual after is u − decode(c).
 *
 * @param codec of c
 * @param residualBefore digest of e; empty for 0
 * @param residualAfter digest of what this step lost, for the next one if the candidate is
 *     published
 */
public record CodedStep(CodecName codec, Optional<Digest> residualBefore, Digest residualAfter) {}
