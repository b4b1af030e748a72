package dev.tapestry.app.demo;

import dev.tapestry.app.process.FreePort;
import dev.tapestry.app.process.Programs;
import dev.tapestry.app.steward.StewardClient;
import dev.tapestry.app.steward.StewardException;
import dev.tapestry.consortium.Digest;
import dev.tapestry.coordinator.Coordinator;
import dev.tapestry.coordinator.CoordinatorConfig;
import dev.tapestry.node.Compute;
import dev.tapestry.node.Enrolment;
import dev.tapestry.node.NodeConfig;
import dev.tapestry.node.NodeHome;
import dev.tapestry.training.Llama;
import dev.tapestry.training.Precision;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.certificate.TlsIdentity;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.ModelConversion;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.ModelDirectoryWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;

/**
 * Consortium training on one machine: found, adopt, enrol, loop, sovereign models, comparison. Each
 * step looks at what is there and does what is missing, so that a demo that was stopped goes on.
 */
final class Demo {

    private static final Duration INVITATION = Duration.ofHours(1);
    private static final int DOCUMENTS_A_WORD = 20;
    private static final String LAST_FILE_OF_BASE = "tokenizer_config.json";
    private static final String HEAP_COORDINATOR = "160m";
    static final String HEAP_NODE = "320m";

    private final DemoSettings settings;
    private final DemoDirectory directory;
    private final Path shippedBase;
    private final Stop stop;
    private final Screen screen;

    Demo(
            DemoSettings settings,
            DemoDirectory directory,
            Path shippedBase,
            Stop stop,
            Screen screen) {
        this.settings = settings;
        this.directory = directory;
        this.shippedBase = shippedBase;
        this.stop = stop;
        this.screen = screen;
    }

    /** Runs the demo from where it is. */
    DemoOutcome run() throws InterruptedException, IOException {
        try (FileChannel _ = directory.reserve()) {
            return runAlone();
        }
    }

    private DemoOutcome runAlone() throws InterruptedException {
        DemoDirectory.State state = directory.prepare(settings, FreePort.find());
        Elapsed elapsed = new Elapsed(directory.seconds());
        gatherCorpora();
        Path base = chooseBase();
        found(base, state.port());
        Curves curves;
        LoopTraffic traffic;
        try (Programs programs = new Programs()) {
            Supervisor coordinator =
                    new Supervisor(
                            programs,
                            stop,
                            screen,
                            "coordinator",
                            directory.log("coordinator"),
                            HEAP_COORDINATOR,
                            List.of("coordinator", "start", directory.coordinator().toString()));
            coordinator.ensureRunning();
            try (StewardClient steward = steward(state.port())) {
                coordinator.awaitAnswer(() -> answers(steward));
                enrol(steward);
                Loop loop =
                        new Loop(
                                settings,
                                directory,
                                programs,
                                stop,
                                coordinator,
                                steward,
                                elapsed,
                                screen);
                loop.run(state);
                curves = loop.curves();
                traffic = loop.traffic();
            }
            coordinator.end();
            Comparison comparison =
                    new Comparison(settings, directory, programs, stop, elapsed, screen);
            DemoResult result = comparison.run(base, loopBase(), parameters(base), traffic);
            return new DemoOutcome(result, curves);
        }
    }

    /** What came out, and how it went. */
    record DemoOutcome(DemoResult result, Curves curves) {}

    /** Bytes of HTTP bodies between all nodes and the coordinator. */
    record LoopTraffic(long up, long down) {}

    private void gatherCorpora() {
        screen.step("gathering the members' text");
        DemoText text =
                new DemoText(documents -> {
                    stop.check();
                    if (documents % DOCUMENTS_A_WORD == 0) {
                        screen.status("reading text: %d documents".formatted(documents));
                    }
                });
        for (DemoMember member : settings.consortium().members()) {
            stop.check();
            int documents = member.writeCorpus(directory.corpus(member), text);
            if (documents > 0) {
                screen.step(
                        "the text of %s (%s): %d documents"
                                .formatted(member.id(), member.title(), documents));
            }
        }
    }

    /** The shipped base in F32, or one of the same shape with random weights. */
    private Path chooseBase() {
        Path base = directory.base();
        if (Files.exists(base.resolve(LAST_FILE_OF_BASE))) {
            return base;
        }
        DemoDirectory.delete(base); // half of it, if anything
        if (!settings.fromScratch()) {
            try (ModelDirectory shipped = ModelDirectory.open(shippedBase)) {
                ModelConversion.convert(
                        shipped, base, DType.F32, ModelDirectoryWriter.DEFAULT_SHARD_BYTES);
            }
            return base;
        }
        try (Llama random = Llama.fresh(DemoBase.config(), settings.seed())) {
            random.saveTo(base, DType.F32);
            for (String file : List.of("tokenizer.json", LAST_FILE_OF_BASE)) {
                Files.copy(shippedBase.resolve(file), base.resolve(file));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return base;
    }

    private void found(Path base, int port) {
        Path adopted = directory.coordinator().resolve("adopted");
        if (Files.exists(adopted)) {
            return;
        }
        screen.step("founding the consortium and adopting the base");
        DemoDirectory.delete(directory.coordinator()); // half of one: nobody has joined it yet
        Coordinator.found(
                directory.coordinator(),
                DemoSettings.charter(),
                new CoordinatorConfig.Listening(
                        "127.0.0.1", port, List.of("localhost", "127.0.0.1")),
                InstantSource.system());
        Digest digest =
                Coordinator.adoptBase(directory.coordinator(), base, InstantSource.system());
        SafeFile.write(adopted, digest.hex());
    }

    private StewardClient steward(int port) {
        return new StewardClient(
                URI.create("https://localhost:" + port),
                TlsIdentity.open(directory.coordinator().resolve("steward")));
    }

    private static boolean answers(StewardClient steward) {
        try {
            steward.consortium();
            return true;
        } catch (StewardException e) {
            if (e.code().equals("UNREACHABLE")) {
                return false;
            }
            throw e;
        }
    }

    private void enrol(StewardClient steward) {
        for (DemoMember member : settings.consortium().members()) {
            NodeHome home = directory.node(member);
            if (Files.exists(home.config())) {
                continue;
            }
            screen.step("enrolling " + member.id() + " (" + member.title() + ")");
            try {
                Files.createDirectories(home.directory());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            Enrolment.standard(
                            Optional.empty(), outage -> screen.step("waiting: " + outage.reason()))
                    .join(home, steward.invite(member.id(), INVITATION));
            NodeConfig.standard(member.id(), directory.corpus(member).toAbsolutePath())
                    .with(Compute.of(1, Precision.AUTO))
                    .withHoldOut(DemoSettings.HELD_OUT, "")
                    .write(home);
        }
    }

    /** The shared base, where the first member's node verified and kept it. */
    private Path loopBase() {
        Digest base = Loop.publishedBase(directory);
        return directory.node(settings.consortium().members().getFirst()).model(base);
    }

    private static long parameters(Path model) {
        try (ModelDirectory directory = ModelDirectory.open(model)) {
            return directory.tensors().values().stream().mapToLong(t -> t.elements()).sum();
        }
    }
}
