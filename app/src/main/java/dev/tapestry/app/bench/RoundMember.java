package dev.tapestry.app.bench;

import dev.tapestry.app.bench.BenchException.Code;
import dev.tapestry.consortium.CodecName;
import dev.tapestry.consortium.CodedFile;
import dev.tapestry.consortium.ContributionManifest;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.ModelManifest;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.consortium.Score;
import dev.tapestry.consortium.protocol.Protocol;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import dev.tapestry.consortium.protocol.ScoreReport;
import dev.tapestry.consortium.protocol.UploadStatus;
import dev.tapestry.node.Membership;
import dev.tapestry.node.NodeConfig;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.egress.Answer;
import dev.tapestry.node.egress.CoordinatorClient;
import dev.tapestry.node.egress.ModelReceiver;
import dev.tapestry.node.egress.PartSender;
import dev.tapestry.node.egress.Reply;
import dev.tapestry.node.round.LogWitness;
import dev.tapestry.trust.signature.Envelope;
import dev.tapestry.trust.signature.SigningKey;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.Manifests;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.codec.Codec;
import dev.tapestry.weights.codec.CodedUpdate;
import dev.tapestry.weights.codec.Feedback;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** A member that does in a round what a node does, but adds noise instead of training. */
final class RoundMember {

    private static final Duration POLL = Duration.ofSeconds(50);
    private static final Digest NONE = Digest.of(new byte[0]);

    private final CoordinatorClient client;
    private final NodeHome home;
    private final Membership membership;
    private final SigningKey key;
    private final ModelReceiver models;
    private final PartSender parts;
    private final LogWitness witness;
    private final Path weights;
    private final DType dtype;
    private Optional<Packed> packed = Optional.empty();
    private Optional<RoundPlan> round = Optional.empty();
    private Digest candidate = NONE;
    private Digest sent = NONE;
    private long version;

    /**
     * A contribution that can be sent.
     *
     * @param files where they lie
     * @param parts what of them is sent
     */
    private record Packed(RoundPlan plan, Envelope envelope, Path files, ModelManifest parts) {}

    RoundMember(CoordinatorClient client, NodeHome home, NodeConfig config, Membership membership) {
        this(client, home, config, membership, DType.F32);
    }

    /** One that contributes its weights in another dtype. */
    RoundMember(
            CoordinatorClient client,
            NodeHome home,
            NodeConfig config,
            Membership membership,
            DType dtype) {
        this.client = client;
        this.home = home;
        this.membership = membership;
        this.dtype = dtype;
        this.key = SigningKey.load(home.signingKey());
        this.models = new ModelReceiver(client, home.models(), config.streams(), () -> {});
        this.parts = new PartSender(client, config.streams(), () -> {});
        this.witness = new LogWitness(client, membership, key, home, InstantSource.system());
        this.weights = home.outbox().resolve("weights");
    }

    /** Fetches the base unless it is here, and writes what will be contributed. */
    void prepare() {
        Path base = base();
        try (Stream<Path> others = Files.list(home.models())) {
            others.filter(path -> !path.equals(base)).forEach(Scratch::delete);
        } catch (IOException e) {
            throw new BenchException(Code.STORAGE, "cannot clear " + home.models() + ": " + e, e);
        }
        write(base);
    }

    /** One step of a round; those before it must have been done. */
    void step(RoundStep step) {
        switch (step) {
            case BASE -> base();
            case WRITE -> write(base());
            case PACK -> pack();
            case SEND -> send();
            case SEAL -> seal();
            case TIDY -> {
                Scratch.delete(home.models());
                Scratch.delete(home.outbox());
            }
            case MERGE -> awaitCandidate();
            case CANDIDATE -> {
                awaitCandidate();
                models.receive(candidate);
            }
            case SCORE -> score();
            case PUBLISH -> witness.believe(await(Phase.PUBLISHED).base().orElseThrow());
        }
    }

    /**
     * How long a round's transfers took.
     *
     * @param up from the manifest's offer until all parts are acknowledged, on the disk
     * @param seal from then on until the contribution is examined and accepted
     * @param down from the candidate's manifest until it is on the disk
     */
    record Transfers(Duration up, Duration seal, Duration down) {}

    /** One round, from its announcement until the log proves what it published. */
    Transfers takePart() {
        pack();
        long begun = System.nanoTime();
        send();
        long acknowledged = System.nanoTime();
        seal();
        Duration up = Duration.ofNanos(acknowledged - begun);
        Duration seal = Duration.ofNanos(System.nanoTime() - acknowledged);

        awaitCandidate();
        begun = System.nanoTime();
        step(RoundStep.CANDIDATE);
        Duration down = Duration.ofNanos(System.nanoTime() - begun);
        score();
        step(RoundStep.PUBLISH);
        return new Transfers(up, seal, down);
    }

    private Path base() {
        return models.receive(client.round(0, Duration.ZERO).base().orElseThrow());
    }

    private void write(Path base) {
        Scratch.delete(weights);
        try {
            Files.createDirectories(home.outbox());
        } catch (IOException e) {
            throw new BenchException(Code.STORAGE, "cannot make " + home.outbox() + ": " + e, e);
        }
        SyntheticModel.disturbed(
                base,
                weights,
                dtype,
                base.getFileName().hashCode() * 31L + membership.member().hashCode());
    }

    private void pack() {
        RoundView announced = await(Phase.COLLECTING);
        RoundPlan plan = announced.plan().orElseThrow();
        witness.believe(plan.base());
        Path base = models.receive(plan.base());
        Optional<CodedFile> update = plan.up().map(codec -> coded(codec, base));
        ContributionManifest manifest =
                new ContributionManifest(
                        plan.round(),
                        membership.member(),
                        plan.base(),
                        announced.planDigest().orElseThrow(),
                        weightsOnly(Manifests.of(weights)),
                        update,
                        Optional.empty(),
                        plan.training().tokensPerRound(),
                        plan.training().steps(),
                        2,
                        witness.grounds(NONE));
        packed =
                Optional.of(
                        new Packed(
                                plan,
                                Envelope.seal(Protocol.CONTRIBUTION_TYPE, manifest, key),
                                update.isPresent() ? home.outbox() : weights,
                                manifest.sent()));
    }

    /** Codes the weights as nodes do, with a residual; what is decoded again takes their place. */
    private CodedFile coded(CodecName name, Path base) {
        int threads = Runtime.getRuntime().availableProcessors();
        Path file = home.outbox().resolve(CodedFile.UPDATE);
        Path residual = home.outbox().resolve("residual.safetensors");
        Scratch.delete(file);
        Scratch.delete(residual);
        try (ModelDirectory theta = ModelDirectory.open(base)) {
            try (ModelDirectory trained = ModelDirectory.open(weights)) {
                CodedUpdate.encode(
                        Codec.named(name.value()),
                        theta,
                        trained,
                        Feedback.first(residual),
                        file,
                        threads);
            }
            Scratch.delete(weights);
            CodedUpdate.apply(file, theta, weights, threads);
        }
        return new CodedFile(name, Manifests.file(file));
    }

    private void send() {
        Packed contribution = packed.orElseThrow();
        switch (client.contribute(contribution.plan().round(), contribution.envelope())) {
            case Reply.Denied<UploadStatus>(Answer.Refused refused) -> throw refused(refused);
            case Reply.Given<UploadStatus>(UploadStatus status) -> {
                parts.send(contribution.files(), contribution.parts(), status.missing())
                        .ifPresent(refused -> {
                            throw refused(refused);
                        });
                sent = status.contribution();
            }
        }
    }

    private void seal() {
        accepted(client.seal(packed.orElseThrow().plan().round(), sent));
    }

    private void awaitCandidate() {
        if (packed.isPresent()) {
            candidate = await(Phase.SCORING).candidate().orElseThrow();
            round = packed.map(Packed::plan);
            packed = Optional.empty();
        }
    }

    private void score() {
        RoundNumber number = round.orElseThrow().round();
        ScoreReport report =
                new ScoreReport(number, membership.member(), candidate, new Score(2, 2, 1000));
        accepted(client.score(number, Envelope.seal(Protocol.SCORE_TYPE, report, key)));
    }

    private RoundView await(Phase phase) {
        while (true) {
            RoundView view = client.round(version, POLL);
            version = view.version();
            if (view.phase() == phase) {
                return view;
            }
            if (view.phase() == Phase.ROLLED_BACK || view.phase() == Phase.ABANDONED) {
                throw new BenchException(Code.ROUND, "the round was in vain: " + view.reason());
            }
        }
    }

    /** Parts that were under way at once to the coordinator in the latest transfer. */
    int streamsUp() {
        return parts.streams();
    }

    /** Parts that were under way at once from it. */
    int streamsDown() {
        return models.streams();
    }

    /** The file with the weights that are contributed. */
    Path weightsFile() {
        return weights.resolve(SyntheticModel.SHARD);
    }

    private static ModelManifest weightsOnly(ModelManifest manifest) {
        List<ModelManifest.File> files =
                manifest.files().stream()
                        .filter(file -> file.path().endsWith(".safetensors"))
                        .toList();
        return new ModelManifest(files);
    }

    private static void accepted(Answer answer) {
        if (answer instanceof Answer.Refused refused) {
            throw refused(refused);
        }
    }

    private static BenchException refused(Answer.Refused refused) {
        return new BenchException(Code.ROUND, refused.code() + ": " + refused.detail());
    }
}
