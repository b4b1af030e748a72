package dev.tapestry.app.study;

import dev.tapestry.app.demo.DemoBase;
import dev.tapestry.app.demo.DemoConsortium;
import dev.tapestry.app.demo.DemoMember;
import dev.tapestry.app.demo.DemoSettings;
import dev.tapestry.app.study.builds.BuildsCommand;
import dev.tapestry.app.study.churn.ChurnCommand;
import dev.tapestry.app.study.parity.ParityCommand;
import dev.tapestry.app.study.robustness.RobustnessCommand;
import dev.tapestry.consortium.Aggregator;
import dev.tapestry.consortium.LocalTraining.Optimizer;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.OuterOptimizer;
import dev.tapestry.training.Device;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.Drafts;
import dev.tapestry.weights.ModelConversion;
import dev.tapestry.weights.ModelDirectory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tapestry study}: what settings and designs do, in one process. */
@Command(
        name = "study",
        mixinStandardHelpOptions = true,
        description = "Compare settings and designs on real text, in one process.",
        footer = {
            "",
            "Examples:",
            "  tapestry study arm --kind loop --steps 5 --outer-momentum 0.5",
            "  tapestry study arm --kind central --learning-rate 0.01 --seed 2",
            "  tapestry study parity docs/results/parity.yaml",
            "  tapestry study robustness docs/results/robustness.yaml",
            "  tapestry study builds docs/results/sovereign-builds.yaml",
            "  tapestry study churn --members 100 --flapping 0.3",
            "  tapestry study make-demo-base /tmp/base"
        },
        subcommands = {
            StudyCommand.OneArm.class,
            ParityCommand.class,
            RobustnessCommand.class,
            BuildsCommand.class,
            ChurnCommand.class,
            StudyCommand.MakeDemoBase.class
        })
public final class StudyCommand {

    /** Who trains. */
    enum Kind {
        /** Nobody: the base itself. */
        BASE,
        /** All members, with merges. */
        LOOP,
        /** One trainer with all members' text. */
        CENTRAL,
        /** Each member for itself. */
        ALONE
    }

    /** What came out, as one line of JSON. */
    private record Outcome(
            Arm arm, long seed, SortedMap<MemberId, Double> bitsPerByte, double mean) {}

    /** One arm of a comparison. */
    @Command(
            name = "arm",
            mixinStandardHelpOptions = true,
            description =
                    "Train one arm on the demo's corpora and score it on every member's held-out"
                            + " text; one line of JSON.",
            footer = {"", "Example:", "  tapestry study arm --kind alone --tokens 300000"})
    static final class OneArm implements Callable<Integer> {

        private static final long SCORED_TOKENS = 40_000;

        /** How an arm's updates become one. */
        enum Direction {
            MEAN,
            NORM_PRESERVING
        }

        @Option(
                names = "--kind",
                required = true,
                description = "One of: ${COMPLETION-CANDIDATES}.")
        private Kind kind = Kind.LOOP;

        @Option(names = "--base", description = "Model to start from (default: the demo's base).")
        private Path base = shipped();

        @Option(
                names = "--work",
                defaultValue = "tapestry-study",
                description = "Where corpora are kept (default: ${DEFAULT-VALUE}).")
        private Path work = Path.of("");

        @Option(
                names = "--consortium",
                defaultValue = "HEALTH",
                description =
                        "Which of the demo's consortia: ${COMPLETION-CANDIDATES} (${DEFAULT-VALUE}).")
        private DemoConsortium consortium = DemoConsortium.HEALTH;

        @Option(
                names = "--corpora",
                paramLabel = "DIR",
                description = "Other members: one corpus for each, in folders of their names.")
        private @Nullable Path corpora;

        @Option(names = "--optimizer", defaultValue = "MUON", description = "muon or adamw.")
        private Optimizer optimizer = Optimizer.MUON;

        @Option(names = "--learning-rate", defaultValue = "0.01", description = "Peak rate.")
        private double rate;

        @Option(
                names = "--embedding-rate",
                description = "Peak rate of embedding and norms (default: as the others).")
        private @Nullable Double embeddingRate;

        @Option(
                names = "--embedding-epsilon",
                defaultValue = "0.0001",
                description = "AdamW's epsilon for them (default: ${DEFAULT-VALUE}).")
        private double embeddingEpsilon;

        @Option(names = "--tokens", defaultValue = "153600", description = "Of each member.")
        private long tokens;

        @Option(names = "--batch", defaultValue = "8", description = "Sequences of each member.")
        private int batch;

        @Option(names = "--steps", defaultValue = "5", description = "Local steps in a round (H).")
        private int steps;

        @Option(names = "--outer-rate", defaultValue = "1", description = "Outer learning rate.")
        private double outerRate;

        @Option(names = "--outer-momentum", defaultValue = "0.5", description = "Outer momentum.")
        private double outerMomentum;

        @Option(
                names = "--direction",
                defaultValue = "NORM_PRESERVING",
                description = "One of: ${COMPLETION-CANDIDATES}.")
        private Direction direction = Direction.NORM_PRESERVING;

        @Option(
                names = "--corpus-tokens",
                defaultValue = "1000000000",
                description = "Use only so much of each member's training text.")
        private long corpusTokens;

        @Option(
                names = "--keep",
                paramLabel = "DIR",
                description = "Leave the model of the loop or of central training here.")
        private @Nullable Path keep;

        @Option(names = "--seed", defaultValue = "101", description = "Of the data orders.")
        private long seed;

        @Option(names = "--threads", defaultValue = "1", description = "Of libtorch.")
        private int threads;

        @Override
        public Integer call() throws IOException {
            Files.createDirectories(work);
            Recipe recipe =
                    new Recipe(
                            optimizer,
                            rate,
                            Optional.ofNullable(embeddingRate),
                            embeddingEpsilon,
                            batch);
            SortedMap<MemberId, Path> packed =
                    PackedCorpora.in(
                            corpora == null ? written() : corpora,
                            tokenizer(),
                            DemoSettings.HELD_OUT,
                            work);
            Path folder = Files.createTempDirectory("study");
            try (Texts texts = new Texts(packed, corpusTokens)) {
                Path start = folder.resolve("start");
                copy(base, start);
                Arm training = new Arm(scheme(), recipe, tokens);
                Arm.Result result = run(training, texts, start, folder);
                Outcome outcome = new Outcome(training, seed, result.bitsPerByte(), result.mean());
                System.out.println(
                        new String(CanonicalJson.write(outcome), StandardCharsets.UTF_8));
                if (keep != null && result.model().isPresent()) {
                    copy(result.model().get(), keep);
                }
            } finally {
                Drafts.delete(folder);
            }
            return 0;
        }

        private Arm.Result run(Arm training, Texts texts, Path start, Path folder) {
            return training.run(
                    new Arm.Inputs(
                            start,
                            texts.train(),
                            texts.heldOut(),
                            SCORED_TOKENS,
                            folder,
                            seed,
                            threads,
                            Device.CPU));
        }

        private Scheme scheme() {
            Scheme.Rounds rounds =
                    new Scheme.Rounds(
                            steps,
                            MergeRule.of(
                                    OuterOptimizer.diLoCo(outerRate, outerMomentum),
                                    switch (direction) {
                                        case MEAN -> new Aggregator.Mean();
                                        case NORM_PRESERVING -> new Aggregator.NormPreserving();
                                    }),
                            Optional.empty(),
                            Optional.empty(),
                            Optional.empty(),
                            Optional.empty());
            return switch (kind) {
                case BASE -> new Scheme.Untrained();
                case LOOP -> new Scheme.Loop(rounds);
                case CENTRAL -> new Scheme.Central(Optional.empty());
                case ALONE -> new Scheme.Alone();
            };
        }

        private static void copy(Path model, Path target) {
            try (ModelDirectory source = ModelDirectory.open(model)) {
                ModelConversion.convert(source, target, DType.F32, Long.MAX_VALUE);
            }
        }

        /** The corpora of the demo's members, written below the work directory. */
        private Path written() {
            Path directory = work.resolve("corpora-" + consortium.name().toLowerCase(Locale.ROOT));
            for (DemoMember member : consortium.members()) {
                member.writeCorpus(directory.resolve(member.id().value()));
            }
            return directory;
        }

        private Path tokenizer() {
            Path own = base.resolve("tokenizer.json");
            return Files.exists(own) ? own : shipped().resolve("tokenizer.json");
        }

        private static Path shipped() {
            return Path.of(System.getProperty("tapestry.home", ".")).resolve("models/demo-base");
        }
    }

    /** The recipe of the demo's base. */
    @Command(
            name = "make-demo-base",
            mixinStandardHelpOptions = true,
            description = "Make the small base again that the demo adopts.",
            footer = {
                "",
                "Example:",
                "  tapestry study parity docs/results/parity.yaml",
                "  tapestry study make-demo-base /tmp/base"
            })
    static final class MakeDemoBase implements Callable<Integer> {

        @Parameters(paramLabel = "OUT", description = "A directory that does not exist yet.")
        private Path out = Path.of("");

        @Option(names = "--tokens", defaultValue = "4000000", description = "To train on.")
        private long tokens;

        @Override
        public Integer call() throws IOException {
            Path work = Files.createTempDirectory("demo-base");
            DemoBase.make(out, work, DemoBase.config(), tokens, 1, Device.CPU, System.out::println);
            return 0;
        }
    }
}
