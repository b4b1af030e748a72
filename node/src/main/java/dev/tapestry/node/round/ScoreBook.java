package dev.tapestry.node.round;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.consortium.Score;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.access.OpenText;
import dev.tapestry.node.build.HeldOutEvaluation;
import dev.tapestry.training.Precision;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.LongConsumer;

/** Scores models and remembers the scores: today's candidate is tomorrow's base. */
final class ScoreBook {

    private final NodeHome home;
    private final HeldOutEvaluation evaluation;

    /** A remembered score, with what it depends on. */
    record Entry(Terms terms, double bitsPerByte, long bytes) {}

    /**
     * What a model's score depends on.
     *
     * @param pack of the held-out text
     */
    record Terms(String pack, Precision precision, long maxTokens, int sequenceLength) {}

    ScoreBook(NodeHome home, HeldOutEvaluation evaluation) {
        this.home = home;
        this.evaluation = evaluation;
    }

    /**
     * The score of a candidate against its base, both in {@code models/}.
     *
     * @param scored is told now and then how many tokens of a model were scored
     */
    Score score(RoundPlan plan, Digest candidate, OpenText text, LongConsumer scored) {
        Terms terms =
                new Terms(
                        text.pack(),
                        evaluation.precision(),
                        plan.scoringTokens(),
                        plan.training().sequenceLength());
        Entry base = entry(terms, plan.base(), text, scored);
        Entry next = entry(terms, candidate, text, scored);
        return new Score(next.bitsPerByte(), base.bitsPerByte(), next.bytes());
    }

    private Entry entry(Terms terms, Digest model, OpenText text, LongConsumer scored) {
        Path file = home.scores().resolve(model.hex() + ".json");
        if (Files.exists(file)) {
            try {
                Entry known = CanonicalJson.read(SafeFile.readBytes(file), Entry.class);
                if (known.terms().equals(terms)) {
                    return known;
                }
            } catch (TrustException _) {
                // A damaged note is written anew.
            }
        }
        HeldOutEvaluation.Result result =
                evaluation.of(
                        home.model(model),
                        text.heldOut(),
                        terms.sequenceLength(),
                        terms.maxTokens(),
                        scored);
        Entry fresh = new Entry(terms, result.bitsPerByte(), result.bytes());
        SafeFile.write(file, CanonicalJson.write(fresh));
        return fresh;
    }
}
