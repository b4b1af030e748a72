package dev.tapestry.app.chaos;

import dev.tapestry.app.chaos.disk.DiskOrder;
import dev.tapestry.app.demo.DemoMember;
import dev.tapestry.app.process.Programs;
import dev.tapestry.consortium.Digest;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import java.util.function.Consumer;

/** The run that nobody disturbs. It rests when enough was seen of it, and goes on later. */
final class Twin implements AutoCloseable {

    /** The first round waits for all processes to start; the next ones are measured. */
    private static final int MEASURED = 2;

    private final ChaosConsortium consortium;
    private final Consumer<String> progress;
    private final double secondsPerRound;
    private final long bytesPerRound;
    private final List<String> ofCoordinator;
    private final List<String> ofNode;

    private Twin(
            ChaosConsortium consortium,
            Consumer<String> progress,
            double secondsPerRound,
            long bytesPerRound,
            List<String> ofCoordinator,
            List<String> ofNode) {
        this.consortium = consortium;
        this.progress = progress;
        this.secondsPerRound = secondsPerRound;
        this.bytesPerRound = bytesPerRound;
        this.ofCoordinator = ofCoordinator;
        this.ofNode = ofNode;
    }

    /**
     * Runs a few rounds, and writes down what the disks are asked.
     *
     * @param progress hears of each round
     */
    static Twin begin(
            Path directory,
            Programs programs,
            ChaosRun run,
            Apparatus apparatus,
            ChaosRun.Beginning beginning,
            Consumer<String> progress)
            throws InterruptedException {
        ChaosConsortium consortium =
                ChaosConsortium.found(
                        directory,
                        programs,
                        run.members(),
                        apparatus,
                        beginning.base(),
                        beginning.corpora());
        Lookout lookout = consortium.lookout();
        DiskOrders disks = consortium.disks();
        DemoMember node = run.members().getFirst();
        consortium.begin(run.plan());
        lookout.awaitBase(1);
        tell(progress, 1);
        long start = System.nanoTime();
        long sent = lookout.sent();
        disks.order(Victim.COORDINATOR, node, DiskOrder.record());
        disks.order(Victim.NODE, node, DiskOrder.record());
        for (int round = 2; round <= 1 + MEASURED; round++) {
            lookout.awaitBase(round);
            tell(progress, round);
        }
        double seconds = (System.nanoTime() - start) / 1e9 / MEASURED;
        long bytes = (lookout.sent() - sent) / MEASURED;
        List<String> ofCoordinator = disks.report(Victim.COORDINATOR, node);
        List<String> ofNode = disks.report(Victim.NODE, node);
        disks.takeBack(Victim.COORDINATOR, node);
        disks.takeBack(Victim.NODE, node);
        consortium.processes().rest();
        return new Twin(consortium, progress, seconds, bytes, ofCoordinator, ofNode);
    }

    /** How long a round takes. */
    double secondsPerRound() {
        return secondsPerRound;
    }

    /** What all nodes send in a round. */
    long bytesPerRound() {
        return bytesPerRound;
    }

    /** What a disk was asked, line by line, in two rounds. */
    List<String> operations(Victim victim) {
        return victim.coordinator() ? ofCoordinator : ofNode;
    }

    /** Goes on until this round has its base. */
    SortedMap<Integer, Digest> until(int round) throws InterruptedException {
        int last = consortium.aftermath().bases().lastKey();
        if (last < round) {
            consortium.processes().goOn();
            for (int next = last + 1; next < round; next++) {
                // What is waited for is one round, not all of them.
                consortium.lookout().awaitBase(next);
                tell(progress, next);
            }
            consortium.finish(round);
            tell(progress, round);
        }
        return consortium.aftermath().bases();
    }

    private static void tell(Consumer<String> progress, int round) {
        progress.accept("round %3d  undisturbed".formatted(round));
    }

    @Override
    public void close() {
        consortium.close();
    }
}
