package dev.tapestry.node.build;

import dev.tapestry.consortium.Digest;
import dev.tapestry.training.TuningRun;
import java.util.List;

/**
 * What a stage came to; {@code stage.json} beside the model.
 *
 * @param order what it was made of
 * @param model digest of the model that it ended with
 * @param steps after which that model was written: those of the best score
 * @param tokens that it was trained on until then
 * @param scores held-out losses on the way, by step; in nats per token, or of a preference
 */
public record StageResult(
        StageOrder order, Digest model, long steps, long tokens, List<Score> scores) {

    /** The held-out loss after so many steps. */
    public record Score(long step, double loss) {

        static Score of(TuningRun.Score score) {
            return new Score(score.step(), score.loss());
        }
    }

    public StageResult {
        scores = List.copyOf(scores);
    }
}
