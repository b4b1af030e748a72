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
import dev.tapestry.node.constitution.Guard;
import dev.tapestry.weights.Drafts;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** Stage 0 within a build: text is prepared where only the build looks. */
public final class TextPreparation {

    private TextPreparation() {}

    /**
     * Prepares what a plan names, unless that was done before; what was made of another plan or of
     * other text gives way.
     *
     * @param guard of the constitution whose protected domains are left out, if there is one
     * @param target where the prepared text lies afterwards, as a corpus with its card
     * @throws NodeException {@code POLICY}: plan, cards or text do not do; {@code STORAGE}; {@code
     *     STOPPED}
     */
    public static PreparationReport run(
            Path plan,
            Optional<Guard> guard,
            Path target,
            int threads,
            ProgressListener progress,
            StopSignal stop) {
        try {
            PreparationPlan read = PlanFile.read(plan);
            Preparation standard = Preparation.standard().onThreads(threads);
            Preparation preparation =
                    guard.map(one -> standard.protecting(one.data(), one.digest()))
                            .orElse(standard);
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
