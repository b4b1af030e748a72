package dev.tapestry.app.chaos;

import dev.tapestry.app.chaos.disk.DiskFault;
import dev.tapestry.app.chaos.disk.DiskOperation;
import dev.tapestry.app.chaos.disk.DiskOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/** Every way in which a disk can fail at everything that it is asked in a round. */
final class DiskFaults {

    /** The recording is of so many rounds. */
    private static final int ROUNDS = 2;

    private DiskFaults() {}

    /**
     * Each fault with each operation on each place, once, at an occurrence within a round that is
     * drawn.
     *
     * @param operations what a disk was asked, line by line
     */
    static List<Fault> of(Victim victim, List<String> operations, long seed) {
        Map<String, Integer> counts = new TreeMap<>();
        operations.forEach(line -> counts.merge(line, 1, Integer::sum));
        Random random = new Random(seed);
        List<Fault> faults = new ArrayList<>();
        counts.forEach((line, count) -> {
            int space = line.indexOf(' ');
            DiskOperation operation = DiskOperation.valueOf(line.substring(0, space));
            for (DiskFault fault : DiskFault.values()) {
                if (fault != DiskFault.RECORD && fault.befits(operation)) {
                    DiskOrder order =
                            new DiskOrder(
                                    fault,
                                    operation,
                                    line.substring(space + 1),
                                    1 + random.nextInt(Math.max(1, count / ROUNDS)),
                                    random.nextInt(1 << 20));
                    faults.add(new Fault.Disk(victim, order));
                }
            }
        });
        reads(victim)
                .forEach(place ->
                        faults.add(
                                new Fault.Disk(
                                        victim,
                                        new DiskOrder(
                                                DiskFault.FLIP, DiskOperation.READ, place, 1, 0))));
        return faults;
    }

    /** Each end of the process at each commit of its log in a round, before and behind it. */
    static List<Fault> atCommits(Victim victim, List<String> operations, long seed) {
        Random random = new Random(seed);
        List<Fault> faults = new ArrayList<>();
        String log = victim.coordinator() ? "log.db" : "node-log.db";
        for (DiskOperation operation : List.of(DiskOperation.COMMIT, DiskOperation.ANSWER)) {
            String line = operation + " " + log;
            long count = operations.stream().filter(line::equals).count() / ROUNDS;
            for (int occurrence = 1; occurrence <= count; occurrence++) {
                for (DiskFault fault : List.of(DiskFault.KILL, DiskFault.POWER_CUT)) {
                    faults.add(
                            new Fault.Disk(
                                    victim,
                                    new DiskOrder(
                                            fault,
                                            operation,
                                            log,
                                            occurrence,
                                            random.nextInt(1 << 20))));
                }
            }
        }
        return faults;
    }

    /** Where a byte that is read wrong goes to somebody else. */
    private static List<String> reads(Victim victim) {
        return victim.coordinator()
                ? List.of("models/DIGEST.update.safetensors")
                : List.of("outbox/round-N/update/update.safetensors");
    }

    /** So many of them, drawn. */
    static List<Fault> sample(List<Fault> all, int count, long seed) {
        List<Fault> drawn = new ArrayList<>(all);
        Collections.shuffle(drawn, new Random(seed));
        return List.copyOf(drawn.subList(0, Math.min(count, drawn.size())));
    }
}
