package dev.tapestry.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tapestry.consortium.Charter;
import dev.tapestry.consortium.Consortium;
import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.LocalTraining;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.RunPlan;
import dev.tapestry.consortium.Weighting;
import dev.tapestry.consortium.Wire;
import dev.tapestry.consortium.protocol.Accepted;
import dev.tapestry.consortium.protocol.TokenRequest;
import dev.tapestry.coordinator.CoordinatorConfig.Listening;
import dev.tapestry.coordinator.CoordinatorConfig.Retention;
import dev.tapestry.trust.certificate.Certificates;
import dev.tapestry.trust.certificate.TlsIdentity;
import dev.tapestry.trust.json.CanonicalJson;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;

/** A real coordinator on loopback with real certificates and a real log, and its members. */
final class Stage implements AutoCloseable {

    static final long SEED = 20261123;

    final Path folder;
    Path directory;
    final TestClock clock = new TestClock();
    final List<TestMember> members = new ArrayList<>();
    Coordinator coordinator;
    TestClient steward;
    Disk disk = Disk.real();
    int transferMebibytes = 64;
    private final int keepRounds;
    private final Doorkeeper.Limits limits;

    Stage(Path folder, Charter charter) {
        this(folder, charter, 2, 4096);
    }

    Stage(Path folder, Charter charter, int keepRounds, long shardBytes) {
        this(folder, charter, keepRounds, shardBytes, Doorkeeper.Limits.USUAL);
    }

    /** Connections are watched by these limits. */
    Stage(Path folder, Charter charter, Doorkeeper.Limits limits) {
        this(folder, charter, 2, 4096, limits);
    }

    private Stage(
            Path folder,
            Charter charter,
            int keepRounds,
            long shardBytes,
            Doorkeeper.Limits limits) {
        this.limits = limits;
        this.folder = folder;
        this.directory = folder.resolve("coordinator");
        this.keepRounds = keepRounds;
        Coordinator.found(
                directory,
                charter,
                new Listening("127.0.0.1", 0, List.of("localhost", "127.0.0.1")),
                InstantSource.system());
        rewrite("keepRounds: 2", "keepRounds: " + keepRounds);
        Coordinator.adoptBase(
                directory,
                TinyModels.base(folder.resolve("seed-model"), SEED, shardBytes),
                InstantSource.system());
        coordinator = assembled();
        coordinator.start();
        steward = steward();
    }

    /** Rules that a test can wait for. */
    static Charter charter(int quorum) {
        return new Charter(
                "alliance",
                Weighting.EQUAL,
                1.0 / Math.max(1, quorum),
                quorum,
                Duration.ofMinutes(5),
                Duration.ofMinutes(5),
                8,
                0.5,
                0.05,
                1 << 20);
    }

    static RunPlan plan(int rounds, MergeRule merge) {
        return plan(rounds, merge, 16);
    }

    static RunPlan plan(int rounds, MergeRule merge, int sequenceLength) {
        return new RunPlan(
                rounds,
                new LocalTraining(
                        10,
                        LocalTraining.Optimizer.ADAMW,
                        0.001,
                        0.1,
                        LocalTraining.Schedule.COSINE,
                        100,
                        10_000,
                        2,
                        sequenceLength,
                        0.1,
                        1,
                        7),
                merge,
                1000);
    }

    Stage withMembers(String... names) {
        for (String name : names) {
            members.add(TestMember.enrol(token(name), folder.resolve(name)));
        }
        return this;
    }

    TestMember member(int index) {
        return members.get(index);
    }

    String token(String member) {
        Answer answer =
                steward.post(
                        "/v1/tokens", new TokenRequest(new MemberId(member), Duration.ofHours(1)));
        assertThat(answer.status()).as(answer.text()).isEqualTo(201);
        return answer.text();
    }

    void run(int rounds, MergeRule merge) {
        steward.post("/v1/runs", plan(rounds, merge)).as(201, Accepted.class);
    }

    void run(int rounds, MergeRule merge, Wire wire) {
        steward.post("/v1/runs", plan(rounds, merge).over(wire)).as(201, Accepted.class);
    }

    /** Closes the coordinator and starts another one on the same directory. */
    void restart() {
        stop();
        resume();
    }

    void stop() {
        steward.close();
        coordinator.close();
    }

    void resume() {
        coordinator = assembled();
        coordinator.start();
        steward = steward();
        members.forEach(member -> member.reconnect(coordinator.address()));
    }

    private Coordinator assembled() {
        CoordinatorConfig read = CoordinatorConfig.read(directory);
        return Coordinator.assemble(
                new CoordinatorConfig(
                        directory,
                        read.listening(),
                        new Retention(keepRounds),
                        2,
                        transferMebibytes,
                        read.log(),
                        read.objects()),
                clock,
                clock::steady,
                limits,
                folder -> disk.room(folder));
    }

    /** Moves log and files to other stores, with these keys of {@code coordinator.yaml}. */
    void store(String keys) {
        stop();
        rewrite("\nmergeThreads:", "\n" + keys + "mergeThreads:");
        StoreMove.run(directory);
        resume();
    }

    private void rewrite(String words, String others) {
        Path file = directory.resolve("coordinator.yaml");
        try {
            Files.writeString(file, Files.readString(file).replace(words, others));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Goes on in another directory, which has the keys and the configuration and nothing else. */
    void goOnIn(Path other) {
        stop();
        directory = keysOf(directory, other);
        resume();
    }

    /** What an operator copies to the machine of a second coordinator. */
    static Path keysOf(Path directory, Path other) {
        try {
            for (String name :
                    List.of("ca", "identity", "steward", "signing-key.pem", "coordinator.yaml")) {
                Path from = directory.resolve(name);
                try (Stream<Path> files = Files.walk(from)) {
                    for (Path file : files.toList()) {
                        Path to = other.resolve(directory.relativize(file).toString());
                        Files.createDirectories(to.getParent());
                        Files.copy(file, to, StandardCopyOption.COPY_ATTRIBUTES);
                    }
                }
            }
            return other;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private TestClient steward() {
        return TestClient.of(coordinator.address(), TlsIdentity.open(directory.resolve("steward")));
    }

    /** TLS for somebody without a certificate. */
    SSLContext stranger() {
        return TlsIdentity.firstContact(
                Certificates.fingerprint(
                        TlsIdentity.open(directory.resolve("steward")).authority()));
    }

    /** Lets time pass; an event wakes whoever looks at the clock. */
    void pass(Duration time) {
        clock.advance(time);
        token("nobody");
    }

    /** Waits until the round desk has looked once at everything as it is now. */
    void looked() {
        // It asks for the time up to three times a look, and may be in the middle of one.
        for (int times = 0; times < 6; times++) {
            long before = clock.asked();
            token("nobody");
            await().pollInterval(Duration.ofMillis(5)).until(() -> clock.asked() > before);
        }
    }

    Consortium state() {
        return coordinator.ledger().snapshot().consortium();
    }

    Digest base() {
        return state().base().orElseThrow();
    }

    /** All events in the log. */
    List<ConsortiumEvent> events() {
        var log = coordinator.ledger().log();
        return log.read(0, log.size()).stream()
                .map(entry -> CanonicalJson.read(entry, ConsortiumEvent.class))
                .toList();
    }

    <E extends ConsortiumEvent> List<E> events(Class<E> type) {
        return events().stream().filter(type::isInstance).map(type::cast).toList();
    }

    @Override
    public void close() {
        members.forEach(TestMember::close);
        steward.close();
        coordinator.close();
    }
}
