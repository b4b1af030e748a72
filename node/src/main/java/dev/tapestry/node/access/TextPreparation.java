package dev.tapestry.node.access;

import dev.tapestry.corpus.CorpusException;
import dev.tapestry.corpus.preparation.PlanFile;
import dev.tapestry.corpus.preparation.Preparation;
import dev.tapestry.corpus.preparation.PreparationPlan;
import dev.tapestry.corpus.preparation.PreparationReport;
import dev.tapestry.corpus.preparation.ProgressListener;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.StopSignal;
import dev.tapestry.weights.Drafts;
import java.io.IOException;
import java.nio.file.Path;

/** Stage 0 within a build: text is prepared where only the build looks. */
public final class TextPreparation {

    private TextPreparation() {}

    /**
     * Prepares what a plan names, unless that was done before; what was made of another plan or of
     * other text gives way.
     *
     * @param target where the prepared text lies afterwards, as a corpus with its card
     * @throws NodeException {@code POLICY}: plan, cards or text do not do; {@code STORAGE}; {@code
     *     STOPPED}
     */
    public static PreparationReport run(
            Path plan, Path target, int threads, ProgressListener progress, StopSignal stop) {
        try {
            PreparationPlan read = PlanFile.read(plan);
            Preparation preparation = Preparation.standard().onThreads(threads);
            try {
                return preparation.run(read, target, progress, stop::isToEnd);
            } catch (CorpusException e) {
                if (e.code() != CorpusException.Code.TARGET_EXISTS) {
                    throw e;
                }
                Drafts.delete(target);
                return preparation.run(read, target, progress, stop::isToEnd);
            }
        } catch (CorpusException e) {
            stop.check();
            throw MemberCorpus.unusable(e);
        } catch (IOException e) {
            throw new NodeException(Code.STORAGE, "cannot delete " + target + ": " + e, e);
        }
    }
}
