package dev.tapestry.app.chaos;

import dev.tapestry.app.chaos.Storm.Tally;
import dev.tapestry.app.demo.DemoMember;
import dev.tapestry.app.line.FaultyLine;
import dev.tapestry.app.line.FaultyLine.Trouble;
import dev.tapestry.app.line.ShapedLink;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** Breaks the lines of all nodes, each by itself, until it is over. */
final class LineWeather implements AutoCloseable {

    private static final long SLOW_BITS_PER_SECOND = 20_000_000;
    private static final Duration FAR = Duration.ofMillis(60);
    private static final int MOST_BYTES = 1_500_000;

    private final List<Thread> winds = new ArrayList<>();
    private final List<ShapedLink> slow = new ArrayList<>();
    private final Map<Tally, Integer> counts = new EnumMap<>(Tally.class);

    private LineWeather() {}

    /** Begins to break the lines of a consortium. */
    static LineWeather over(ChaosConsortium consortium, ChaosRun run) {
        LineWeather weather = new LineWeather();
        SplittableRandom random = new SplittableRandom(~run.seed());
        for (DemoMember member : run.members()) {
            FaultyLine line = consortium.line(member);
            SplittableRandom own = random.split();
            ShapedLink link = slow(consortium.address());
            weather.slow.add(link);
            weather.winds.add(
                    Thread.ofVirtual()
                            .start(() -> weather.blow(line, link, consortium.address(), own)));
        }
        return weather;
    }

    private static ShapedLink slow(InetSocketAddress target) {
        try {
            return ShapedLink.to(target, SLOW_BITS_PER_SECOND, FAR);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void blow(
            FaultyLine line, ShapedLink link, InetSocketAddress direct, SplittableRandom random) {
        try {
            while (true) {
                Thread.sleep(random.nextLong(2_000, 8_000));
                switch (random.nextInt(5)) {
                    case 0, 1 -> trouble(line, Trouble.CUT, Tally.CUTS, random);
                    case 2 -> trouble(line, Trouble.FLIP, Tally.CORRUPTIONS, random);
                    case 3 -> trouble(line, Trouble.STALL, Tally.STALLS, random);
                    default -> {
                        line.lead(new InetSocketAddress(direct.getAddress(), link.port()));
                        count(Tally.SLOW);
                        Thread.sleep(random.nextLong(2_000, 6_000));
                        line.lead(direct);
                    }
                }
            }
        } catch (InterruptedException over) {
            line.plan(Trouble.NONE, 0);
            line.lead(direct);
        }
    }

    private void trouble(FaultyLine line, Trouble trouble, Tally tally, SplittableRandom random)
            throws InterruptedException {
        line.plan(trouble, random.nextLong(1, MOST_BYTES));
        while (!line.hasCome()) {
            Thread.sleep(50);
        }
        count(tally);
    }

    private synchronized void count(Tally tally) {
        counts.merge(tally, 1, Integer::sum);
    }

    /** What has been done so far. */
    synchronized Map<Tally, Integer> counts() {
        return new EnumMap<>(counts);
    }

    /** Lets the lines be. */
    void end() throws InterruptedException {
        winds.forEach(Thread::interrupt);
        for (Thread wind : winds) {
            wind.join();
        }
    }

    @Override
    public void close() {
        winds.forEach(Thread::interrupt);
        for (ShapedLink link : slow) {
            try {
                link.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
