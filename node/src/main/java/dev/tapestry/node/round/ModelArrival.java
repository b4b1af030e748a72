package dev.tapestry.node.round;

import dev.tapestry.consortium.CodedFile;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.consortium.protocol.ModelUpdate;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.egress.ModelReceiver;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.weights.Drafts;
import dev.tapestry.weights.Manifests;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.WeightsException;
import dev.tapestry.weights.codec.CodedUpdate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

/**
 * Brings bases and candidates to this node: where the plan says so as a coded update of a base that
 * is here, and whole where that cannot be. Either way the model has the digest that was asked for.
 */
final class ModelArrival {

    private static final System.Logger LOG = System.getLogger(ModelArrival.class.getName());
    private static final String APPLIED = "model";

    private final NodeHome home;
    private final ModelReceiver receiver;
    private final int threads;

    /** Models that were read and found whole, once for each round that needs them. */
    private final Set<String> intact = new HashSet<>();

    ModelArrival(NodeHome home, ModelReceiver receiver, int threads) {
        this.home = home;
        this.receiver = receiver;
        this.threads = threads;
    }

    /**
     * The directory of a model, received unless it is here.
     *
     * @param plan of the round that needs it
     * @throws NodeException as {@link ModelReceiver#receive} does
     */
    Path receive(RoundPlan plan, Digest model) {
        if (Files.isDirectory(home.model(model)) && intact.add(plan.round() + " " + model)) {
            dropIfDamaged(model);
        }
        if (plan.down().isPresent() && !Files.isDirectory(home.model(model))) {
            try {
                receiver.update(model).ifPresent(update -> byUpdate(model, update));
            } catch (NodeException e) {
                if (!curable(e)) {
                    throw e;
                }
                fetchWhole(model, e);
            } catch (WeightsException e) {
                fetchWhole(model, e);
            }
        }
        return receiver.receive(model);
    }

    /**
     * What the disk has changed since it was received would give a contribution of another base.
     */
    private void dropIfDamaged(Digest model) {
        Path directory = home.model(model);
        if (CanonicalJson.digest(Manifests.of(directory)).equals(model)) {
            return;
        }
        LOG.log(
                System.Logger.Level.WARNING,
                "model {0} was damaged on the disk and is fetched again",
                model.abbreviated());
        try {
            // In two steps: half a model must not be taken for a whole one.
            Path damaged = Drafts.beside(directory);
            Drafts.publish(directory, damaged);
            Drafts.delete(damaged);
        } catch (IOException e) {
            throw new NodeException(Code.STORAGE, "cannot drop the damaged " + directory, e);
        }
    }

    private void fetchWhole(Digest model, RuntimeException why) {
        drop(folder(model));
        LOG.log(
                System.Logger.Level.WARNING,
                "model {0} is fetched whole, for its update was no use: {1}",
                model.abbreviated(),
                why.getMessage());
    }

    /** Whether the model may still come whole. */
    private static boolean curable(NodeException failure) {
        return switch (failure.code()) {
            case COORDINATOR_REFUSED, MALFORMED_REPLY, DIGEST_MISMATCH -> true;
            case CONFIG_INVALID,
                    NOT_ENROLLED,
                    KEY_UNDECIDED,
                    ENROLLED_ELSEWHERE,
                    EGRESS_REFUSED,
                    TLS,
                    CLOCK_SKEW,
                    PROXY_CREDENTIALS,
                    PROXY_REFUSED,
                    REVOKED,
                    COORDINATOR_GONE,
                    NOT_PROVEN,
                    SPLIT_VIEW,
                    MOVE_REFUSED,
                    MOVED,
                    POLICY,
                    WRONG_MODEL,
                    TRAINER_FAILED,
                    TRAINER_OUT_OF_TIME,
                    TRAINER_OUTPUT,
                    NOT_A_BOX,
                    OTHER_MEMBER,
                    STALE_ROUND,
                    ROUND_OVER,
                    BOX_INCOMPLETE,
                    BOX_DAMAGED,
                    STORE_REFUSED,
                    STORE_UNREACHABLE,
                    JUDGE_FAILED,
                    STORAGE,
                    UNFORESEEN,
                    STOPPED ->
                    false;
        };
    }

    private void byUpdate(Digest model, ModelUpdate update) {
        Path base = home.model(update.base());
        if (!Files.isDirectory(base)) {
            return;
        }
        Path folder = folder(model);
        Path applied = folder.resolve(APPLIED);
        try {
            Files.createDirectories(folder);
            Drafts.sweep(folder);
            Drafts.delete(applied);
            CodedFile coded = update.update();
            receiver.receive(coded.file(), folder);
            try (ModelDirectory theta = ModelDirectory.open(base)) {
                CodedUpdate.apply(folder.resolve(coded.file().path()), theta, applied, threads);
            }
            Digest found = CanonicalJson.digest(Manifests.of(applied));
            if (!found.equals(model)) {
                throw new NodeException(
                        Code.DIGEST_MISMATCH,
                        "the update of base %s gives model %s"
                                .formatted(update.base().abbreviated(), found.abbreviated()));
            }
            Drafts.syncFiles(applied);
            Drafts.publish(applied, home.model(model));
            drop(folder);
        } catch (IOException e) {
            throw new NodeException(Code.STORAGE, "cannot keep model " + model + ": " + e, e);
        }
    }

    /** What is here of an update stays when the node is stopped, and is gone on with. */
    private Path folder(Digest model) {
        return home.models().resolve("." + model + ".update");
    }

    private static void drop(Path folder) {
        try {
            Drafts.delete(folder);
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "cannot delete {0}: {1}", folder, e.toString());
        }
    }
}
