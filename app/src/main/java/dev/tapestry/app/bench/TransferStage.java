package dev.tapestry.app.bench;

import dev.tapestry.app.bench.RawStreams.Carried;
import dev.tapestry.coordinator.CoordinatorConfig.Listening;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * A coordinator and one node, each a process, between which rounds are played and raw streams run,
 * in turn.
 */
final class TransferStage implements AutoCloseable {

    private static final long SEED = 20261127;

    private final Child coordinator;
    private final Child member;

    private TransferStage(Child coordinator, Child member) {
        this.coordinator = coordinator;
        this.member = member;
    }

    /**
     * Bytes of bodies in one direction of one round, beside raw streams right after it.
     *
     * @param streams that the node used, and that the raw streams were
     * @param raw over as long a time
     */
    record Leg(long bytes, Duration time, int streams, Carried raw) {
        double bitsPerSecond() {
            return bytes * 8e9 / time.toNanos();
        }

        /** Share of what raw streams carry. */
        double share() {
            return bitsPerSecond() / raw.bitsPerSecond();
        }
    }

    /**
     * Both directions.
     *
     * @param seal from the last part's acknowledgement until the contribution is accepted
     */
    record Pair(Leg up, Leg down, Duration seal) {}

    /**
     * Where the processes are.
     *
     * @param host at which the coordinator listens
     * @param coordinator how its command begins
     * @param member how its command begins
     */
    record Ground(String host, List<String> coordinator, List<String> member) {
        static Ground loopback() {
            return new Ground("127.0.0.1", List.of(), List.of());
        }
    }

    /** Starts both with a model of so many megabytes (10⁶ bytes). */
    static TransferStage set(Scratch scratch, Ground ground, int megabytes) {
        Path place = scratch.folder("of-" + megabytes + "-mb");
        Path seed = place.resolve("seed");
        SyntheticModel.base(seed, megabytes, SEED);
        Path directory = place.resolve("coordinator");
        BenchConsortium.found(
                directory, seed, 1, new Listening(ground.host(), 0, List.of(ground.host())));
        Scratch.delete(seed);
        Child coordinator =
                scratch.start(
                        ground.coordinator(),
                        TransferCoordinatorProcess.class,
                        directory.toString());
        coordinator.answer("listening");
        coordinator.order("invite member");
        String token = coordinator.answer("invited").getFirst();
        Child member =
                scratch.start(
                        ground.member(),
                        TransferMemberProcess.class,
                        place.resolve("member").toString(),
                        token);
        member.answer("joined");
        return new TransferStage(coordinator, member);
    }

    /** Has the base fetched unless it is there, and other weights written. */
    void prepare() {
        member.order("prepare");
        member.answer("prepared");
    }

    /** One round, then as many raw streams for as long in each direction. */
    Pair measure(boolean tls) {
        coordinator.order("start");
        coordinator.answer("started");
        member.order("round");
        List<String> words = member.answer("transferred");
        return new Pair(
                leg(words.subList(0, 3), true, tls),
                leg(words.subList(3, 6), false, tls),
                Duration.ofNanos(Long.parseLong(words.get(6))));
    }

    private Leg leg(List<String> words, boolean up, boolean tls) {
        Duration time = Duration.ofNanos(Long.parseLong(words.get(1)));
        int streams = Integer.parseInt(words.get(2));
        RawEnd.Order near = new RawEnd.Order(tls, up, streams, time);
        coordinator.order(near.words());
        String port = coordinator.answer("open").getFirst();
        member.order(near.opposite().words() + " " + port);
        List<String> received = coordinator.answer("carried");
        List<String> sent = member.answer("carried");
        List<String> carried = up ? received : sent;
        return new Leg(
                Long.parseLong(words.get(0)),
                time,
                streams,
                new Carried(Long.parseLong(carried.get(0)), Long.parseLong(carried.get(1))));
    }

    @Override
    public void close() {
        member.close();
        coordinator.close();
    }
}
