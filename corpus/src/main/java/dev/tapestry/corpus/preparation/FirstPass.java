package dev.tapestry.corpus.preparation;

import dev.tapestry.corpus.CorpusException;
import dev.tapestry.corpus.CorpusException.Code;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Reads everything once: one thread cuts files into blocks, others look at the documents, and the
 * first one takes what they made in the order of the blocks. So many blocks are in memory as the
 * threads need to be busy.
 */
final class FirstPass {

    private final PreparationPlan plan;
    private final Optional<MinHash> minHash;
    private final SortedMap<String, String> declaration = Declaration.byLanguage();
    private final ProtectedText protectedText;
    private final int threads;
    private final ProgressListener progress;
    private final Stop stop;
    private final List<StepTally> tallies = new ArrayList<>();
    private final List<String> malformedPlaces = new ArrayList<>();
    private long malformed;

    FirstPass(Preparation preparation, PreparationPlan plan, ProgressListener progress, Stop stop) {
        this.plan = plan;
        this.minHash =
                plan.steps().nearDuplicates().map(settings -> new MinHash(settings, plan.seed()));
        this.protectedText = preparation.protectedText();
        this.threads = preparation.threads();
        this.progress = progress;
        this.stop = stop;
    }

    int signatureLength() {
        return minHash.map(MinHash::signatureLength).orElse(0);
    }

    List<StepTally> tallies() {
        return tallies;
    }

    long malformed() {
        return malformed;
    }

    List<String> malformedPlaces() {
        return malformedPlaces;
    }

    /** Takes all documents of all sources into the spool. */
    void read(
            List<OpenSource> sources,
            List<OpenSource> evaluationSets,
            Spool spool,
            Duplicates duplicates,
            List<Lineage.Input> inputs)
            throws IOException {
        List<DocumentStep> steps = steps(evaluationSets, inputs);
        BlockWork work = new BlockWork(steps, minHash, plan.split());
        tallies.add(new StepTally(Preparation.READING));
        steps.forEach(step -> tallies.add(new StepTally(step.name())));
        long total = sources.stream().mapToLong(OpenSource::bytes).sum();
        long done = 0;
        for (OpenSource source : sources) {
            BlockReader reader = new BlockReader(source);
            long before = done;
            long own = source.bytes();
            if (threads == 1) {
                reader.read(block -> {
                    stop.check();
                    take(work.of(block), source, spool, duplicates);
                    progress.progressed(
                            ProgressListener.Phase.READING, before + reader.bytes(), total);
                });
            } else {
                parallel(reader, work, source, spool, duplicates, before, total);
            }
            inputs.addAll(reader.inputs());
            done += own;
        }
        progress.progressed(ProgressListener.Phase.READING, total, total);
    }

    private void parallel(
            BlockReader reader,
            BlockWork work,
            OpenSource source,
            Spool spool,
            Duplicates duplicates,
            long before,
            long total)
            throws IOException {
        ArrayDeque<Future<Spooled.Batch>> pending = new ArrayDeque<>();
        ExecutorService workers = Executors.newFixedThreadPool(threads);
        try {
            reader.read(block -> {
                stop.check();
                pending.add(workers.submit(() -> work.of(block)));
                if (pending.size() > threads + 1) {
                    take(result(pending.remove()), source, spool, duplicates);
                    progress.progressed(
                            ProgressListener.Phase.READING, before + reader.bytes(), total);
                }
            });
            while (!pending.isEmpty()) {
                stop.check();
                take(result(pending.remove()), source, spool, duplicates);
            }
        } finally {
            workers.shutdownNow();
            workers.close();
        }
    }

    private static Spooled.Batch result(Future<Spooled.Batch> future) {
        try {
            return future.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CorpusException(Code.STOPPED, "interrupted; run it again", e);
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case CorpusException refusal -> throw refusal;
                case RuntimeException fault -> throw fault;
                case Error fault -> throw fault;
                case null, default -> throw new IllegalStateException(e);
            }
        }
    }

    private void take(Spooled.Batch batch, OpenSource source, Spool spool, Duplicates duplicates)
            throws IOException {
        for (int i = 0; i < tallies.size(); i++) {
            tallies.get(i).add(batch.tallies().get(i));
        }
        for (Spooled.Keyed keyed : batch.documents()) {
            duplicates.add(keyed, spool.add(keyed));
        }
        malformed += batch.malformedCount();
        for (String place : batch.malformedPlaces()) {
            if (malformedPlaces.size() < Preparation.QUOTED_PLACES) {
                malformedPlaces.add(source.source().name() + ": " + place);
            }
        }
        if (malformed > plan.malformedLines()) {
            throw new CorpusException(
                    Code.TEXT_MALFORMED,
                    "more than %d lines are no documents: %s; mend them, or raise malformed-lines"
                            .formatted(
                                    plan.malformedLines(),
                                    String.join(
                                            "; ",
                                            malformedPlaces.subList(
                                                    0, Math.min(5, malformedPlaces.size())))));
        }
    }

    private List<DocumentStep> steps(List<OpenSource> evaluationSets, List<Lineage.Input> inputs) {
        Steps settings = plan.steps();
        List<DocumentStep> steps = new ArrayList<>();
        settings.normalisation().map(Normaliser::new).ifPresent(steps::add);
        settings.language()
                .map(one -> new LanguageFilter(Languages.of(declaration), one))
                .ifPresent(steps::add);
        settings.quality()
                .map(one -> new Quality(one, StopWords.of(declaration)))
                .ifPresent(steps::add);
        steps.add(new Protection(protectedText));
        settings.personalData().map(Screening::new).ifPresent(steps::add);
        settings.contamination()
                .map(one -> contaminated(one, evaluationSets, inputs))
                .ifPresent(steps::add);
        return steps;
    }

    /** The sets are normalised as the text is. */
    private Contaminated contaminated(
            Steps.Contamination settings,
            List<OpenSource> evaluationSets,
            List<Lineage.Input> inputs) {
        Contaminated step = new Contaminated(settings.words());
        Normaliser normaliser =
                new Normaliser(plan.steps().normalisation().orElse(new Steps.Normalisation(false)));
        for (OpenSource set : evaluationSets) {
            BlockReader reader = new BlockReader(set);
            Spooled.Batch batch = new Spooled.Batch();
            DocumentCutter cutter =
                    new DocumentCutter(
                            batch,
                            draft ->
                                    step.learn(
                                            draft.withText(normaliser.normalised(draft.text()))));
            reader.read(block -> {
                stop.check();
                cutter.cut(block);
            });
            if (batch.malformedCount() > 0) {
                throw new CorpusException(
                        Code.TEXT_MALFORMED,
                        "evaluation set '%s': %s"
                                .formatted(
                                        set.source().name(),
                                        String.join("; ", batch.malformedPlaces())));
            }
            inputs.addAll(reader.inputs());
        }
        return step;
    }
}
