package dev.tapestry.corpus.preparation;

import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.ByteLevelTokenizer;
import dev.tapestry.corpus.CorpusException;
import dev.tapestry.corpus.CorpusException.Code;
import dev.tapestry.corpus.DatasetCard;
import dev.tapestry.corpus.PermittedUse;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Stage 0 of a sovereign build: from sources with their cards to one corpus that can be trained on,
 * with its card, its lineage and a report.
 *
 * <p>The same plan and the same text give the same bytes, whatever the number of threads. The
 * target appears in one step when everything in it is whole. After a kill nothing of use is left:
 * the same call begins again, and gives the same. Where the target is there already, made by the
 * same plan of the same text, its report is returned and nothing is done.
 *
 * @param protectedText what the member's constitution protects
 * @param constitution the digest of that constitution, if there is one: another is another plan
 * @param threads that look at documents at once
 */
public record Preparation(ProtectedText protectedText, Optional<Digest> constitution, int threads) {

    /** Another version may make other bytes of the same plan and text. */
    public static final String VERSION = "preparation/1";

    /** The word for what is read, among the steps. */
    static final String READING = "reading";

    static final int QUOTED_PLACES = 20;

    public Preparation {
        if (threads < 1 || threads > 1024) {
            throw new IllegalArgumentException("threads lie between 1 and 1024, not " + threads);
        }
    }

    /** Without a constitution, on all processors. */
    public static Preparation standard() {
        return new Preparation(
                ProtectedText.nothing(),
                Optional.empty(),
                Runtime.getRuntime().availableProcessors());
    }

    /** The same with a constitution's protected domains. */
    public Preparation protecting(ProtectedText text, Digest itsConstitution) {
        return new Preparation(text, Optional.of(itsConstitution), threads);
    }

    /** The same with so many threads. */
    public Preparation onThreads(int count) {
        return new Preparation(protectedText, constitution, count);
    }

    /**
     * Prepares text.
     *
     * @param target a directory that is not there yet; beside it, on the same disk, there is room
     *     for two to four times the text while this works
     * @throws CorpusException whatever is wrong with plan, cards or text; {@code TARGET_EXISTS} if
     *     something else is there; {@code IN_USE} if another process works on the same target;
     *     {@code STOPPED} if the hook said so; {@code IO} if the disk is full, or says no
     */
    public PreparationReport run(
            PreparationPlan plan, Path target, ProgressListener progress, StopHook stopHook) {
        Stop stop = new Stop(stopHook);
        List<OpenSource> sources = OpenSource.open(plan.sources(), purposes(plan));
        List<OpenSource> evaluationSets = evaluationSets(plan);
        DatasetCard card = CombinedCard.of(plan.name(), sources, PreparedFiles.TEXTS);
        Optional<ByteLevelTokenizer> tokenizer = plan.tokenizer().map(ByteLevelTokenizer::open);
        Digest digest =
                PlanText.digest(
                        plan,
                        sources,
                        evaluationSets,
                        constitution,
                        tokenizer.map(ByteLevelTokenizer::digest));
        try (Workspace workspace = Workspace.of(target)) {
            if (workspace.targetExists()) {
                return PreparedFiles.reused(target, digest, sources, evaluationSets, stop);
            }
            List<Lineage.Input> inputs = new ArrayList<>();
            FirstPass first = new FirstPass(this, plan, progress, stop);
            try (Spool spool = new Spool(workspace.scratch(), first.signatureLength());
                    Duplicates duplicates = new Duplicates(workspace.scratch(), plan.steps())) {
                first.read(sources, evaluationSets, spool, duplicates, inputs);
                spool.finish();
                try (DocumentTable table =
                        new DocumentTable(workspace.scratch(), spool.documents())) {
                    SecondPass second = new SecondPass(plan, sources, spool, table, progress, stop);
                    second.compare(duplicates, first.signatureLength());
                    PreparedFiles files =
                            new PreparedFiles(workspace.draft(), plan, card, tokenizer);
                    return files.write(
                            sources, first, second, digest, constitution, inputs, workspace);
                }
            }
        } catch (IOException e) {
            throw new CorpusException(Code.IO, "cannot prepare " + target + ": " + e, e);
        }
    }

    private static Set<PermittedUse> purposes(PreparationPlan plan) {
        EnumSet<PermittedUse> purposes = EnumSet.copyOf(plan.purposes());
        if (plan.split().fraction() > 0) {
            purposes.add(PermittedUse.EVALUATION);
        }
        return purposes;
    }

    private static List<OpenSource> evaluationSets(PreparationPlan plan) {
        return plan.steps()
                .contamination()
                .map(one -> OpenSource.open(one.evaluationSets(), Set.of(PermittedUse.EVALUATION)))
                .orElse(List.of());
    }
}
