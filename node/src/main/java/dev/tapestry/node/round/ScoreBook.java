package dev.tapestry.node.round;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.consortium.Score;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.access.OpenText;
import dev.tapestry.node.build.HeldOutEvaluation;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import java.nio.file.Files;
import java.nio.file.Path;

/** Scores models and remembers the scores: today's candidate is tomorrow's base. */
final class ScoreBook {

    private final NodeHome home;
    private final HeldOutEvaluation evaluation;

    /** A remembered score, with what it depends on. */
    record Entry(
            long heldOutTokens,
            long heldOutBytes,
            long maxTokens,
            int sequenceLength,
            double bitsPerByte,
            long bytes) {
        boolean fits(OpenText text, RoundPlan plan) {
            return heldOutTokens == text.heldOut().count()
                    && heldOutBytes == text.heldOut().bytes()
                    && maxTokens == plan.scoringTokens()
                    && sequenceLength == plan.training().sequenceLength();
        }
    }

    ScoreBook(NodeHome home, HeldOutEvaluation evaluation) {
        this.home = home;
        this.evaluation = evaluation;
    }

    /** The score of a candidate against its base, both in {@code models/}. */
    Score score(RoundPlan plan, Digest candidate, OpenText text) {
        Entry base = entry(plan, plan.base(), text);
        Entry next = entry(plan, candidate, text);
        return new Score(next.bitsPerByte(), base.bitsPerByte(), next.bytes());
    }

    private Entry entry(RoundPlan plan, Digest model, OpenText text) {
        Path file = home.scores().resolve(model.hex() + ".json");
        if (Files.exists(file)) {
            try {
                Entry known = CanonicalJson.read(SafeFile.readBytes(file), Entry.class);
                if (known.fits(text, plan)) {
                    return known;
                }
            } catch (TrustException _) {
                // A damaged note is written anew.
            }
        }
        int sequenceLength = plan.training().sequenceLength();
        HeldOutEvaluation.Result result =
                evaluation.of(
                        home.model(model), text.heldOut(), sequenceLength, plan.scoringTokens());
        Entry fresh =
                new Entry(
                        text.heldOut().count(),
                        text.heldOut().bytes(),
                        plan.scoringTokens(),
                        sequenceLength,
                        result.bitsPerByte(),
                        result.bytes());
        SafeFile.write(file, CanonicalJson.write(fresh));
        return fresh;
    }
}
