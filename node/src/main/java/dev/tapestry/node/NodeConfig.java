package dev.tapestry.node;

import dev.tapestry.consortium.MemberId;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.egress.HttpProxy;
import dev.tapestry.training.Device;
import dev.tapestry.training.Precision;
import dev.tapestry.training.TrainingException;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.StrictYaml;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A node's settings: {@code node.yaml}.
 *
 * <pre>
 * member: helsinki               # must be the one that enrolled
 * corpus: /data/corpus           # a directory with card.yaml; relative to node.yaml
 * threads: 8                     # of training and scoring; all processors if left out
 * precision: auto                # auto, fp32 or bf16
 * device: cpu                    # cpu, cuda or cuda:N; of training and scoring
 * accumulation-steps: 1          # passes that a batch is cut into: memory for one
 * activation-checkpointing: false # memory for one layer's values, a third more work
 * hold-out-fraction: 0.05        # of documents or groups, never trained on
 * hold-out-salt: ""              # makes another choice of held-out documents
 * streams: 16                    # parts under way at once, at most, in each direction
 * keep-bases: 3                  # older bases are deleted
 * checkpoint-every: PT5M         # how much training a killed node may have to do again
 * visibility: progress           # nothing, progress or reasons: what the node tells of its work
 * proxy: http://proxy.site:3128  # if left out, the coordinator is reached directly
 * proxy-user: helsinki           # with proxy-password-file, if the proxy asks who is there
 * proxy-password-file: proxy.pw  # one line; relative to node.yaml
 * trainer:                       # if left out, the embedded engine trains; see TrainerCommand
 *   command: [bash, /opt/train.sh]
 * </pre>
 *
 * @param member whose node this is
 * @param corpus directory with the member's text and its card
 * @param compute what trains and scores
 * @param holdOutFraction of documents (or groups, if the card names a group field) held out
 * @param holdOutSalt chooses which
 * @param streams parts under way at once, at most
 * @param keepBases how many models of the loop stay on disk
 * @param checkpointEvery how much time may pass between two checkpoints within a round
 * @param visibility what the node tells the consortium of its work
 * @param proxy through which the coordinator is reached, if there is one
 * @param trainer the member's own, if it has one
 */
public record NodeConfig(
        MemberId member,
        Path corpus,
        Compute compute,
        double holdOutFraction,
        String holdOutSalt,
        int streams,
        int keepBases,
        Duration checkpointEvery,
        Visibility visibility,
        Optional<HttpProxy> proxy,
        Optional<TrainerCommand> trainer) {

    /** The YAML document, key by key. */
    record YamlDocument(
            MemberId member,
            String corpus,
            Optional<Integer> threads,
            Optional<String> precision,
            Optional<String> device,
            Optional<Integer> accumulationSteps,
            Optional<Boolean> activationCheckpointing,
            Optional<Double> holdOutFraction,
            Optional<String> holdOutSalt,
            Optional<Integer> streams,
            Optional<Integer> keepBases,
            Optional<Duration> checkpointEvery,
            Optional<String> visibility,
            Optional<String> proxy,
            Optional<String> proxyUser,
            Optional<String> proxyPasswordFile,
            Optional<TrainerCommand.YamlDocument> trainer) {}

    public NodeConfig {
        requireRange("streams", streams, 1, 64);
        requireRange("keep-bases", keepBases, 2, 1_000_000);
        if (checkpointEvery.isNegative()) {
            throw invalid("checkpoint-every is a time such as PT5M, not " + checkpointEvery);
        }
        if (!(holdOutFraction > 0 && holdOutFraction < 1)) {
            throw invalid(
                    "hold-out-fraction is above 0 and below 1, not "
                            + holdOutFraction
                            + ": without held-out text nothing can be scored");
        }
    }

    /** Settings for a member with its text in {@code corpus}. */
    public static NodeConfig standard(MemberId member, Path corpus) {
        return new NodeConfig(
                member,
                corpus,
                Compute.standard(),
                0.05,
                "",
                16,
                3,
                Duration.ofMinutes(5),
                Visibility.PROGRESS,
                Optional.empty(),
                Optional.empty());
    }

    /** The same with something else that trains and scores. */
    public NodeConfig with(Compute other) {
        return changed(draft -> draft.compute = other);
    }

    /** The same with another share of held-out text. */
    public NodeConfig withHoldOut(double fraction, String salt) {
        return changed(draft -> {
            draft.holdOutFraction = fraction;
            draft.holdOutSalt = salt;
        });
    }

    /** The same with other times between checkpoints within a round. */
    public NodeConfig withCheckpointEvery(Duration other) {
        return changed(draft -> draft.checkpointEvery = other);
    }

    /** The same with another word about what it tells of its work. */
    public NodeConfig withVisibility(Visibility other) {
        return changed(draft -> draft.visibility = other);
    }

    /** The same with a trainer of the member's own. */
    public NodeConfig withTrainer(TrainerCommand own) {
        return changed(draft -> draft.trainer = Optional.of(own));
    }

    /** The same with a way out of the site. */
    public NodeConfig withProxy(Optional<HttpProxy> other) {
        return changed(draft -> draft.proxy = other);
    }

    private NodeConfig changed(Consumer<Draft> change) {
        Draft draft = new Draft(this);
        change.accept(draft);
        return new NodeConfig(
                member,
                corpus,
                draft.compute,
                draft.holdOutFraction,
                draft.holdOutSalt,
                streams,
                keepBases,
                draft.checkpointEvery,
                draft.visibility,
                draft.proxy,
                draft.trainer);
    }

    /** What may be changed of settings. */
    private static final class Draft {
        private Compute compute;
        private double holdOutFraction;
        private String holdOutSalt;
        private Duration checkpointEvery;
        private Visibility visibility;
        private Optional<HttpProxy> proxy;
        private Optional<TrainerCommand> trainer;

        Draft(NodeConfig before) {
            compute = before.compute;
            holdOutFraction = before.holdOutFraction;
            holdOutSalt = before.holdOutSalt;
            checkpointEvery = before.checkpointEvery;
            visibility = before.visibility;
            proxy = before.proxy;
            trainer = before.trainer;
        }
    }

    /**
     * Reads {@code node.yaml}, strictly; keys that are left out have their {@link #standard}.
     *
     * @throws NodeException {@code CONFIG_INVALID}, with the key that is unknown, missing, of
     *     another kind or out of range, and what it may be
     */
    public static NodeConfig read(NodeHome home) {
        YamlDocument document = document(home.config());
        try {
            NodeConfig standard =
                    standard(
                            document.member, home.directory().resolve(document.corpus).normalize());
            return new NodeConfig(
                    standard.member,
                    standard.corpus,
                    compute(document, standard.compute),
                    document.holdOutFraction.orElse(standard.holdOutFraction),
                    document.holdOutSalt.orElse(standard.holdOutSalt),
                    document.streams.orElse(standard.streams),
                    document.keepBases.orElse(standard.keepBases),
                    document.checkpointEvery.orElse(standard.checkpointEvery),
                    document.visibility.map(NodeConfig::visibility).orElse(standard.visibility),
                    proxy(document, home),
                    document.trainer.map(own -> TrainerCommand.of(own, home)));
        } catch (InvalidPathException | NodeException | TrainingException e) {
            throw new NodeException(Code.CONFIG_INVALID, home.config() + ": " + e.getMessage(), e);
        }
    }

    private static Compute compute(YamlDocument document, Compute standard) {
        return new Compute(
                document.threads.orElse(standard.threads()),
                document.precision.map(NodeConfig::precision).orElse(standard.precision()),
                document.device.map(Device::of).orElse(standard.device()),
                document.accumulationSteps.orElse(standard.accumulationSteps()),
                document.activationCheckpointing.orElse(standard.activationCheckpointing()));
    }

    private static Optional<HttpProxy> proxy(YamlDocument document, NodeHome home) {
        if (document.proxyUser.isPresent() != document.proxyPasswordFile.isPresent()
                || (document.proxyUser.isPresent() && document.proxy.isEmpty())) {
            throw invalid("proxy-user and proxy-password-file go together, and with proxy");
        }
        Optional<HttpProxy.Login> login =
                document.proxyUser.map(user ->
                        new HttpProxy.Login(
                                user,
                                home.directory()
                                        .resolve(document.proxyPasswordFile.orElseThrow())
                                        .normalize()));
        return document.proxy.map(address -> HttpProxy.of(address, login));
    }

    private static YamlDocument document(Path file) {
        try {
            return StrictYaml.read(file, YamlDocument.class, StrictYaml.Spelling.HYPHENATED);
        } catch (TrustException e) {
            throw new NodeException(Code.CONFIG_INVALID, String.valueOf(e.getMessage()), e);
        }
    }

    /** The settings as YAML with all keys that have a value: also what is shown at the start. */
    public String yaml() {
        return """
        member: %s
        corpus: %s
        threads: %d
        precision: %s
        device: %s
        accumulation-steps: %d
        activation-checkpointing: %s
        hold-out-fraction: %s
        hold-out-salt: %s
        streams: %d
        keep-bases: %d
        checkpoint-every: %s
        visibility: %s
        """
                        .formatted(
                                member,
                                StrictYaml.quoted(corpus.toString()),
                                compute.threads(),
                                compute.precision().name().toLowerCase(Locale.ROOT),
                                compute.device(),
                                compute.accumulationSteps(),
                                compute.activationCheckpointing(),
                                holdOutFraction,
                                StrictYaml.quoted(holdOutSalt),
                                streams,
                                keepBases,
                                checkpointEvery,
                                visibility.name().toLowerCase(Locale.ROOT))
                + proxy.map(HttpProxy::yaml).orElse("")
                + trainer.map(TrainerCommand::yaml).orElse("");
    }

    /** Writes {@code node.yaml}. */
    public void write(NodeHome home) {
        SafeFile.write(home.config(), yaml());
    }

    private static Precision precision(String word) {
        return Arrays.stream(Precision.values())
                .filter(value -> value.name().toLowerCase(Locale.ROOT).equals(word))
                .findFirst()
                .orElseThrow(() -> invalid("precision is auto, fp32 or bf16, not '" + word + "'"));
    }

    private static Visibility visibility(String word) {
        return Arrays.stream(Visibility.values())
                .filter(value -> value.name().toLowerCase(Locale.ROOT).equals(word))
                .findFirst()
                .orElseThrow(() ->
                        invalid("visibility is nothing, progress or reasons, not '" + word + "'"));
    }

    static void requireRange(String key, int value, int least, int most) {
        if (value < least || value > most) {
            throw invalid("%s is between %d and %d, not %d".formatted(key, least, most, value));
        }
    }

    private static NodeException invalid(String message) {
        return new NodeException(Code.CONFIG_INVALID, message);
    }
}
