package dev.tapestry.node.round;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.consortium.Score;
import dev.tapestry.corpus.PermittedUse;
import dev.tapestry.node.NodeUpdate.Phase;
import dev.tapestry.node.StopSignal;
import dev.tapestry.node.access.MemberCorpus;
import dev.tapestry.node.access.OpenText;
import java.nio.file.Path;

/** Scores candidates on the member's own text, and sends the numbers. */
record Scorer(
        MemberCorpus corpus,
        Preparation preparation,
        ScoreBook scores,
        Courier courier,
        RoundDiary diary,
        StopSignal stop) {

    /** Fetches what is to be compared, compares and reports. */
    void score(RoundPlan plan, Digest candidate) {
        corpus.require(PermittedUse.EVALUATION);
        // First: the candidate may come as a step from it.
        preparation.receive(plan, "base", plan.base());
        Path model = preparation.receive(plan, "candidate", candidate);
        diary.begins(Phase.SCORING, plan.round(), "candidate " + candidate.abbreviated());
        try (OpenText text = corpus.open(model, PermittedUse.CONTRIBUTED_CPT)) {
            Score score =
                    scores.score(
                            plan,
                            candidate,
                            text,
                            tokens -> {
                                stop.check();
                                diary.advances(Phase.SCORING, plan.round(), tokens);
                            });
            stop.check();
            courier.report(plan.round(), candidate, score);
        }
    }
}
