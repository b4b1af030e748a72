package dev.tapestry.app.bench;

import dev.tapestry.app.bench.BenchException.Code;
import dev.tapestry.consortium.ContributionManifest;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.ModelManifest;
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
import dev.tapestry.weights.Manifests;
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

    private final CoordinatorClient client;
    private final NodeHome home;
    private final Membership membership;
    private final SigningKey key;
    private final ModelReceiver models;
    private final PartSender parts;
    private final LogWitness witness;
    private final Path weights;
    private ModelManifest manifest = new ModelManifest(List.of());
    private long version;

    RoundMember(CoordinatorClient client, NodeHome home, NodeConfig config, Membership membership) {
        this.client = client;
        this.home = home;
        this.membership = membership;
        this.key = SigningKey.load(home.signingKey());
        this.models = new ModelReceiver(client, home.models(), config.streams(), () -> {});
        this.parts = new PartSender(client, config.streams(), () -> {});
        this.witness = new LogWitness(client, membership, key, home, InstantSource.system());
        this.weights = home.outbox().resolve("weights");
    }

    /** Fetches the base unless it is here, and writes what will be contributed. */
    void prepare() {
        Digest digest = client.round(0, Duration.ZERO).base().orElseThrow();
        Path base = models.receive(digest);
        try (Stream<Path> others = Files.list(home.models())) {
            others.filter(path -> !path.equals(base)).forEach(Scratch::delete);
        } catch (IOException e) {
            throw new BenchException(Code.STORAGE, "cannot clear " + home.models() + ": " + e, e);
        }
        Scratch.delete(weights);
        SyntheticModel.disturbed(
                base, weights, digest.hashCode() * 31L + membership.member().hashCode());
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
        RoundView announced = await(Phase.COLLECTING);
        RoundPlan plan = announced.plan().orElseThrow();
        witness.believe(plan.base());
        models.receive(plan.base());
        Envelope envelope = contribution(plan, announced.planDigest().orElseThrow());
        long begun = System.nanoTime();
        Digest sent = send(plan, envelope);
        long acknowledged = System.nanoTime();
        accepted(client.seal(plan.round(), sent));
        Duration up = Duration.ofNanos(acknowledged - begun);
        Duration seal = Duration.ofNanos(System.nanoTime() - acknowledged);

        Digest candidate = await(Phase.SCORING).candidate().orElseThrow();
        begun = System.nanoTime();
        models.receive(candidate);
        Duration down = Duration.ofNanos(System.nanoTime() - begun);
        Score score = new Score(2, 2, 1000);
        accepted(
                client.score(
                        plan.round(),
                        Envelope.seal(
                                Protocol.SCORE_TYPE,
                                new ScoreReport(
                                        plan.round(), membership.member(), candidate, score),
                                key)));

        witness.believe(await(Phase.PUBLISHED).base().orElseThrow());
        return new Transfers(up, seal, down);
    }

    private Envelope contribution(RoundPlan plan, Digest planDigest) {
        manifest = weightsOnly(Manifests.of(weights));
        return Envelope.seal(
                Protocol.CONTRIBUTION_TYPE,
                new ContributionManifest(
                        plan.round(),
                        membership.member(),
                        plan.base(),
                        planDigest,
                        manifest,
                        plan.training().tokensPerRound(),
                        plan.training().steps(),
                        2),
                key);
    }

    private Digest send(RoundPlan plan, Envelope envelope) {
        return switch (client.contribute(plan.round(), envelope)) {
            case Reply.Denied<UploadStatus>(Answer.Refused refused) -> throw refused(refused);
            case Reply.Given<UploadStatus>(UploadStatus status) -> {
                Optional<Answer.Refused> refused = parts.send(weights, manifest, status.missing());
                if (refused.isPresent()) {
                    throw refused(refused.get());
                }
                yield status.contribution();
            }
        };
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
