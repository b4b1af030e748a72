package dev.tapestry.corpus.preparation;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/** Compares documents with each other, decides how often each is used, and gives them again. */
final class SecondPass {

    private final PreparationPlan plan;
    private final Spool spool;
    private final DocumentTable table;
    private final ProgressListener progress;
    private final Stop stop;
    private final List<String> domains;
    private final int[] domainOf;
    private final long[] domainDocuments;
    private final long[] domainBytes;
    private final List<StepTally> tallies = new ArrayList<>();
    private double[] repeats;

    SecondPass(
            PreparationPlan plan,
            List<OpenSource> sources,
            Spool spool,
            DocumentTable table,
            ProgressListener progress,
            Stop stop) {
        this.plan = plan;
        this.spool = spool;
        this.table = table;
        this.progress = progress;
        this.stop = stop;
        this.domains =
                List.copyOf(
                        new TreeSet<>(sources.stream().map(one -> one.source().domain()).toList()));
        this.domainOf =
                sources.stream().mapToInt(one -> domains.indexOf(one.source().domain())).toArray();
        this.domainDocuments = new long[domains.size()];
        this.domainBytes = new long[domains.size()];
        this.repeats = new double[domains.size()];
    }

    /** What the steps did that compare documents. */
    List<StepTally> tallies() {
        return tallies;
    }

    /** Finds duplicates and mixes. */
    void compare(Duplicates duplicates, int signatureLength) throws IOException {
        int documents = spool.documents();
        progress.progressed(ProgressListener.Phase.COMPARING, 0, documents);
        duplicates.markExact(table, stop);
        duplicates.markNear(table, spool, signatureLength, stop);
        count();
        double[] weights = new double[domains.size()];
        for (Source source : plan.sources()) {
            weights[domains.indexOf(source.domain())] = source.weight();
        }
        repeats = plan.mixture().repeats(domainBytes, weights);
        progress.progressed(ProgressListener.Phase.COMPARING, documents, documents);
    }

    private void count() throws IOException {
        StepTally exact = new StepTally("exact-duplicates");
        StepTally near = new StepTally("near-duplicates");
        spool.forEachSize((document, source, heldOut, bytes) -> {
            DocumentTable.Fate fate = table.fate(document);
            boolean first = fate != DocumentTable.Fate.EXACT_DUPLICATE;
            exact.count(bytes, first, "duplicate");
            if (first) {
                near.count(bytes, fate == DocumentTable.Fate.KEPT, "duplicate");
            }
            if (fate == DocumentTable.Fate.KEPT && !heldOut) {
                domainDocuments[domainOf[source]]++;
                domainBytes[domainOf[source]] += bytes;
            }
        });
        if (plan.steps().exactDuplicates()) {
            tallies.add(exact);
        }
        if (plan.steps().nearDuplicates().isPresent()) {
            tallies.add(near);
        }
    }

    /** What each domain has, in the order of their names. */
    List<PreparationReport.DomainCount> domains() {
        List<PreparationReport.DomainCount> counts = new ArrayList<>();
        for (int i = 0; i < domains.size(); i++) {
            counts.add(
                    new PreparationReport.DomainCount(
                            domains.get(i), domainDocuments[i], domainBytes[i], repeats[i]));
        }
        return counts;
    }

    /** Gives every document as often as it is used: all once, then those that are used again. */
    void forEach(Spool.Reader reader) throws IOException {
        int rounds = 1;
        for (double repeat : repeats) {
            rounds = Math.max(rounds, (int) Math.ceil(repeat));
        }
        long total = (long) rounds * spool.documents();
        for (int round = 0; round < rounds; round++) {
            int copy = round;
            spool.forEach((document, spooled) -> {
                long done = (long) copy * spool.documents() + document;
                if (document % 1024 == 0) {
                    stop.check();
                    progress.progressed(ProgressListener.Phase.WRITING, done, total);
                }
                if (table.fate(document) == DocumentTable.Fate.KEPT
                        && copy < times(document, spooled)) {
                    reader.read(document, spooled);
                }
            });
        }
        progress.progressed(ProgressListener.Phase.WRITING, total, total);
    }

    private int times(int document, Spooled spooled) {
        if (spooled.heldOut()) {
            return 1;
        }
        double repeat = repeats[domainOf[spooled.source()]];
        int whole = (int) repeat;
        double chance = (Words.mix(plan.seed() * 0x9e3779b97f4a7c15L + document) >>> 11) * 0x1p-53;
        return chance < repeat - whole ? whole + 1 : whole;
    }
}
