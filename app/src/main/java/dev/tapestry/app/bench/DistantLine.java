package dev.tapestry.app.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * A slow, distant, lossy line between two devices, packet by packet: each direction lets through so
 * many bits per second, keeps what comes faster in a queue of one round trip and drops what does
 * not fit into it, loses each packet with the same probability, and delivers the others half a
 * round trip later, in order.
 *
 * <p>It is what {@code tc netem} does with {@code rate}, {@code limit}, {@code loss} and {@code
 * delay}, but needs no module of the kernel. Losses are drawn from a seed, so that they are as many
 * in each run; on which packets they fall depends on who sends when.
 */
final class DistantLine {

    /** Of IP packets on the line, as on an Ethernet. */
    static final int MTU = 1500;

    /** What a frame of Ethernet adds to a packet on the wire: preamble, head, check, gap. */
    private static final int FRAMING = 38;

    private final Lane up;
    private final Lane down;

    /**
     * What a line is like, the same in both directions.
     *
     * @param roundTrip that it adds
     * @param loss share of packets that do not arrive
     * @param bitsPerSecond that it carries, with the framing of Ethernet
     */
    record Shape(Duration roundTrip, double loss, long bitsPerSecond) {}

    /**
     * What became of packets.
     *
     * @param carried arrived
     * @param lost by the line's probability
     * @param dropped because the queue was full
     */
    record Fate(long carried, long lost, long dropped) {
        /** What has happened since. */
        Fate since(Fate earlier) {
            return new Fate(
                    carried - earlier.carried, lost - earlier.lost, dropped - earlier.dropped);
        }
    }

    /** A line that carries packets from now on, until the process ends. */
    DistantLine(Tun near, Tun far, long seed) {
        up = new Lane("up", near, far, new SplittableRandom(seed));
        down = new Lane("down", far, near, new SplittableRandom(seed + 1));
    }

    /** What is sent from now on finds such a line. */
    void become(Shape shape) {
        up.shape = shape;
        down.shape = shape;
    }

    /** Of the packets of both directions. */
    Fate fate() {
        Fate one = up.fate();
        Fate other = down.fate();
        return new Fate(
                one.carried() + other.carried(),
                one.lost() + other.lost(),
                one.dropped() + other.dropped());
    }

    /** One direction: a thread that takes packets in and one that lets them out. */
    private static final class Lane {
        /** So many packets travel at most: more than a gigabit holds in 400 ms. */
        private static final int PLACES = 1 << 15;

        private static final int PLACE_BYTES = 2048;

        /**
         * Packets that are due within so long leave together: a wake-up costs more than they do.
         */
        private static final long TOGETHER_NANOS = 200_000;

        private static final long LONGEST_REST_NANOS = 2_000_000;

        /** The queue of a line that is not distant at all. */
        private static final long SHORTEST_QUEUE_NANOS = 10_000_000;

        private final Tun from;
        private final Tun to;
        private final SplittableRandom random;
        private final MemorySegment packets =
                Arena.global().allocate((long) PLACES * PLACE_BYTES, 64);
        private final long[] due = new long[PLACES];
        private final int[] length = new int[PLACES];
        private final AtomicLong taken = new AtomicLong();
        private final AtomicLong given = new AtomicLong();
        private volatile Shape shape = new Shape(Duration.ZERO, 0, 1_000_000_000);
        private volatile long lost;
        private volatile long dropped;

        Lane(String name, Tun from, Tun to, SplittableRandom random) {
            this.from = from;
            this.to = to;
            this.random = random;
            Thread.ofPlatform().daemon().name("line-" + name + "-in").start(this::takeIn);
            Thread.ofPlatform().daemon().name("line-" + name + "-out").start(this::letOut);
        }

        Fate fate() {
            return new Fate(given.get(), lost, dropped);
        }

        // Only this thread writes the counts; others look.
        @SuppressWarnings("NonAtomicVolatileUpdate")
        private void takeIn() {
            long freeAt = System.nanoTime();
            while (true) {
                long next = taken.get();
                int place = (int) (next % PLACES);
                long bytes = from.read(packets.asSlice((long) place * PLACE_BYTES, PLACE_BYTES));
                if (bytes < 0) {
                    return;
                }
                Shape now = shape;
                long time = System.nanoTime();
                long start = Math.max(freeAt, time);
                boolean full =
                        start - time > Math.max(now.roundTrip().toNanos(), SHORTEST_QUEUE_NANOS)
                                || next - given.get() >= PLACES - 1;
                if (full) {
                    dropped++;
                    continue;
                }
                freeAt = start + (bytes + FRAMING) * 8_000_000_000L / now.bitsPerSecond();
                if (random.nextDouble() < now.loss()) {
                    lost++;
                    continue;
                }
                due[place] = freeAt + now.roundTrip().toNanos() / 2;
                length[place] = (int) bytes;
                taken.set(next + 1);
            }
        }

        private void letOut() {
            while (true) {
                long next = given.get();
                long wait =
                        next == taken.get()
                                ? rest()
                                : due[(int) (next % PLACES)] - System.nanoTime();
                if (wait > 0) {
                    LockSupport.parkNanos(this, Math.max(wait, TOGETHER_NANOS));
                    continue;
                }
                int place = (int) (next % PLACES);
                to.write(packets.asSlice((long) place * PLACE_BYTES, length[place]), length[place]);
                given.set(next + 1);
            }
        }

        /** How long nobody needs to look: what comes in is due half a round trip later. */
        private long rest() {
            return Math.clamp(shape.roundTrip().toNanos() / 4, TOGETHER_NANOS, LONGEST_REST_NANOS);
        }
    }
}
