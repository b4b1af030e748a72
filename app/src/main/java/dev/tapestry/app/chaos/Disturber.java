package dev.tapestry.app.chaos;

import dev.tapestry.app.chaos.ChaosException.Code;
import dev.tapestry.app.demo.DemoMember;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** Does faults to a consortium, one after the other, and mends what it broke. */
final class Disturber {

    private static final Duration WITHOUT_ROOM = Duration.ofMillis(1_500);
    private static final Duration WRONG_TIME = Duration.ofSeconds(8);
    private static final Duration MISSED = Duration.ofSeconds(20);
    private static final Duration FROZEN = Duration.ofSeconds(4);
    private static final Duration LOCKED = Duration.ofSeconds(3);

    /** More than the ten seconds for which a log waits. */
    private static final Duration LOCKED_LONG = Duration.ofSeconds(14);

    private static final Duration TO_REFUSE = Duration.ofMinutes(2);

    private final ChaosConsortium consortium;
    private final ConsortiumProcesses processes;
    private final DiskOrders disks;
    private final Lookout lookout;
    private final List<DemoMember> members;
    private final double secondsPerRound;

    Disturber(ChaosConsortium consortium, List<DemoMember> members, double secondsPerRound) {
        this.consortium = consortium;
        this.processes = consortium.processes();
        this.disks = consortium.disks();
        this.lookout = consortium.lookout();
        this.members = members;
        this.secondsPerRound = secondsPerRound;
    }

    /**
     * What was struck.
     *
     * @param shows the round whose base tells whether it was borne
     * @param nanos when
     */
    record Struck(int shows, long nanos) {}

    /**
     * Does it in this round, which is about to begin.
     *
     * @return empty if its moment was not seen
     */
    Optional<Struck> strike(int round, Fault fault, DemoMember node) throws InterruptedException {
        return switch (fault) {
            case Fault.Kill kill -> kill(round, kill, node);
            case Fault.Disk disk -> disk(round, disk, node);
            case Fault.Damage damage -> damage(round, damage.file(), node);
            case Fault.Line line -> line(round, line, node);
            case Fault.Clock clock -> clock(round, clock, node);
            case Fault.Hold hold -> hold(round, hold.held(), node);
        };
    }

    private Optional<Struck> kill(int round, Fault.Kill fault, DemoMember node)
            throws InterruptedException {
        if (!awaitMoment(round, fault, node)) {
            return Optional.empty();
        }
        int shows = fault.moment().filter(Moment::comesAfterBase).isPresent() ? round + 1 : round;
        Struck struck = new Struck(shows, System.nanoTime());
        processes.kill(fault.victim(), node);
        processes.revive(fault.victim(), node);
        return Optional.of(struck);
    }

    private boolean awaitMoment(int round, Fault.Kill fault, DemoMember node)
            throws InterruptedException {
        if (fault.moment().isPresent()) {
            return await(round, fault.moment().get(), node);
        }
        if (!lookout.await(round, node, Sight::hasBegun, Sight::over)) {
            return false;
        }
        long at = System.nanoTime() + (long) (fault.instant() * secondsPerRound * 1e9);
        return lookout.await(round, node, _ -> System.nanoTime() >= at, Sight::over);
    }

    private boolean await(int round, Moment moment, DemoMember node) throws InterruptedException {
        return lookout.await(round, node, moment::isIn, moment::isPast);
    }

    /** What comes in no round is waited for in two. */
    private Optional<Struck> disk(int round, Fault.Disk fault, DemoMember node)
            throws InterruptedException {
        Victim victim = fault.victim();
        disks.order(victim, node, fault.order());
        boolean came =
                lookout.await(
                        round + 1, node, _ -> !disks.report(victim, node).isEmpty(), Sight::over);
        long now = System.nanoTime();
        if (!came) {
            disks.takeBack(victim, node);
            return Optional.empty();
        }
        if (fault.order().fault().ends()) {
            processes.awaitItsEnd(victim, node);
            disks.takeBack(victim, node);
            processes.revive(victim, node);
        } else {
            Thread.sleep(WITHOUT_ROOM);
            disks.takeBack(victim, node);
        }
        return Optional.of(new Struck(lookout.round(), now));
    }

    private Optional<Struck> line(int round, Fault.Line fault, DemoMember node)
            throws InterruptedException {
        consortium.line(node).plan(fault.trouble(), fault.bytes());
        boolean came =
                lookout.await(round, node, _ -> consortium.line(node).hasCome(), Sight::over);
        return came
                ? Optional.of(new Struck(lookout.round(), System.nanoTime()))
                : Optional.empty();
    }

    private Optional<Struck> clock(int round, Fault.Clock fault, DemoMember node)
            throws InterruptedException {
        if (!await(round, Moment.TRAINING, node)) {
            return Optional.empty();
        }
        Struck struck = new Struck(round, System.nanoTime());
        processes.setClock(fault.victim(), node, fault.step());
        long right = struck.nanos() + WRONG_TIME.toNanos();
        lookout.await(round, node, Sight::over, _ -> System.nanoTime() > right);
        processes.setClock(fault.victim(), node, Duration.ZERO);
        return Optional.of(struck);
    }

    private Optional<Struck> hold(int round, Held held, DemoMember node)
            throws InterruptedException {
        if (!await(round, Moment.TRAINING, node)) {
            return Optional.empty();
        }
        Struck struck = new Struck(round, System.nanoTime());
        switch (held) {
            case LOG -> lockLog(LOCKED);
            case LOG_LONG -> lockLog(LOCKED_LONG);
            case COORDINATOR_DIRECTORY, NODE_DIRECTORY -> second(held.victim(), node);
            case COORDINATOR_TIME, NODE_TIME -> {
                processes.freeze(held.victim(), node, true);
                try {
                    second(held.victim(), node);
                    Thread.sleep(FROZEN);
                } finally {
                    processes.freeze(held.victim(), node, false);
                }
            }
        }
        return Optional.of(struck);
    }

    private void lockLog(Duration time) throws InterruptedException {
        String url = "jdbc:sqlite:" + consortium.places().consortium().resolve("log.db");
        try (Connection connection = DriverManager.getConnection(url);
                Statement statement = connection.createStatement()) {
            statement.execute("PRAGMA busy_timeout = 10000");
            statement.execute("BEGIN IMMEDIATE");
            Thread.sleep(time);
            statement.execute("ROLLBACK");
        } catch (SQLException e) {
            throw new ChaosException(
                    Code.CAME_TO_NOTHING, "the log could not be locked: " + e.getMessage());
        }
    }

    /** A second process in one directory has to refuse, also while the first does not move. */
    private void second(Victim victim, DemoMember node) throws InterruptedException {
        Process second = processes.startSecond(victim, node);
        if (!second.waitFor(TO_REFUSE.toSeconds(), TimeUnit.SECONDS) || second.exitValue() == 0) {
            second.destroyForcibly();
            throw new ChaosException(
                    Code.TWO_AT_WORK, "a second %s did not refuse".formatted(victim.title()));
        }
    }

    private Optional<Struck> damage(int round, DamagedFile file, DemoMember node)
            throws InterruptedException {
        return switch (file) {
            case CONTRIBUTION -> contribution(round, node);
            case UPLOAD ->
                    whileDown(
                            round,
                            Moment.UPLOADING::isIn,
                            Victim.COORDINATOR,
                            node,
                            () -> newest(place("contributions/" + round), _ -> true));
            case MERGE -> {
                Path merging = place("merging/" + round);
                yield whileDown(
                        round,
                        _ -> newest(merging, _ -> true).isPresent(),
                        Victim.COORDINATOR,
                        node,
                        () -> newest(merging, _ -> true));
            }
            case BASE ->
                    restored(
                            round,
                            node,
                            () -> newest(place("models/" + lookout.base()), _ -> true));
            case MOMENTUM -> restored(round, node, () -> newest(place("momenta"), _ -> true));
            case OUTBOX -> outbox(round, node);
            case RECEIVED_BASE ->
                    whileDown(
                            round,
                            Moment.TRAINING::isIn,
                            Victim.NODE,
                            node,
                            () ->
                                    newest(
                                            consortium.places().home(node).model(lookout.base()),
                                            _ -> true));
        };
    }

    private Path place(String name) {
        return consortium.places().consortium().resolve(name);
    }

    /** A file that is looked for when its time has come. */
    @FunctionalInterface
    private interface Finding {
        Optional<Path> file() throws InterruptedException;
    }

    private Optional<Struck> whileDown(
            int round, Predicate<Sight> moment, Victim victim, DemoMember node, Finding finding)
            throws InterruptedException {
        if (!lookout.await(round, node, moment, Sight::over)) {
            return Optional.empty();
        }
        Struck struck = new Struck(round, System.nanoTime());
        processes.kill(victim, node);
        Optional<Path> file = finding.file();
        file.ifPresent(Disturber::flip);
        processes.revive(victim, node);
        return file.map(_ -> struck);
    }

    /** Another member is held back, so that the round waits while a contribution is damaged. */
    private Optional<Struck> contribution(int round, DemoMember node) throws InterruptedException {
        DemoMember other =
                members.stream().filter(member -> member != node).findFirst().orElseThrow();
        if (!lookout.await(round, node, Sight::hasBegun, Sight::over)) {
            return Optional.empty();
        }
        processes.freeze(Victim.NODE, other, true);
        try {
            if (!await(round, Moment.CONTRIBUTED, node)) {
                return Optional.empty();
            }
            Optional<Path> file =
                    newest(
                            place("contributions/" + round + "/" + node.id()),
                            path -> !path.getFileName().toString().startsWith("."));
            file.ifPresent(Disturber::flip);
            return file.map(_ -> new Struck(round, System.nanoTime()));
        } finally {
            processes.freeze(Victim.NODE, other, false);
        }
    }

    /** What only a backup has is put back when the merge has had time to find out. */
    private Optional<Struck> restored(int round, DemoMember node, Finding finding)
            throws InterruptedException {
        if (!await(round, Moment.TRAINING, node)) {
            return Optional.empty();
        }
        Optional<Path> file = finding.file();
        file.ifPresent(Disturber::flip);
        // Without its base a coordinator may not even examine what arrives: then no merge is due.
        long enough = System.nanoTime() + MISSED.toNanos();
        lookout.await(
                round,
                node,
                Moment.MERGE_DUE::isIn,
                sight -> sight.over() || System.nanoTime() > enough);
        long now = System.nanoTime();
        Thread.sleep(WITHOUT_ROOM);
        file.ifPresent(Disturber::flip);
        return file.map(_ -> new Struck(round, now));
    }

    /** The line keeps a signed contribution in the node until it is damaged. */
    private Optional<Struck> outbox(int round, DemoMember node) throws InterruptedException {
        if (!await(round, Moment.PACKING_UPDATE, node)) {
            return Optional.empty();
        }
        consortium.line(node).refuse(true);
        Path folder = consortium.places().home(node).outbox().resolve("round-" + round);
        boolean signed =
                lookout.await(
                        round,
                        node,
                        _ -> Files.exists(folder.resolve("contribution.json")),
                        Sight::over);
        processes.kill(Victim.NODE, node);
        Optional<Path> file = newest(folder.resolve("update"), _ -> signed);
        file.ifPresent(Disturber::flip);
        consortium.line(node).refuse(false);
        processes.revive(Victim.NODE, node);
        return file.map(_ -> new Struck(round, System.nanoTime()));
    }

    /** The file of weights that was written last in a folder. */
    private static Optional<Path> newest(Path folder, Predicate<Path> wanted) {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(file -> file.toString().endsWith(".safetensors"))
                    .filter(file -> file.toFile().length() > 0)
                    .filter(wanted)
                    .max(Comparator.comparing(Disturber::time));
        } catch (IOException | UncheckedIOException e) {
            return Optional.empty(); // it is not there, or something in it has just gone
        }
    }

    private static FileTime time(Path file) {
        try {
            return Files.getLastModifiedTime(file);
        } catch (IOException gone) {
            return FileTime.fromMillis(0);
        }
    }

    /** Changes the byte in the middle; doing it twice restores it. */
    private static void flip(Path file) {
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            long middle = bytes.length() / 2;
            bytes.seek(middle);
            int found = bytes.read();
            bytes.seek(middle);
            bytes.write(found ^ 1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
