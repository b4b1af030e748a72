package dev.tapestry.node;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.RoundNumber;
import java.nio.file.Path;

/**
 * Where a node keeps what; the package describes it.
 *
 * @param directory of the node
 */
public record NodeHome(Path directory) {

    public NodeHome {
        directory = directory.toAbsolutePath().normalize();
    }

    /** {@code node.yaml}. */
    public Path config() {
        return directory.resolve("node.yaml");
    }

    /** Keys and certificates. */
    public Path identity() {
        return directory.resolve("identity");
    }

    /** The Ed25519 key that signs contributions and scores. */
    public Path signingKey() {
        return identity().resolve("signing-key.pem");
    }

    /** The key that takes its place, until the consortium knows of it. */
    public Path nextSigningKey() {
        return identity().resolve("signing-key.next.pem");
    }

    /** Which consortium this node belongs to. */
    public Path membership() {
        return identity().resolve("membership.json");
    }

    /** The members' agreement to a move of the coordinator, as far as this node has it. */
    public Path move() {
        return identity().resolve("move.json");
    }

    /** The digest of the secret with which this node enrolled last. */
    public Path usedToken() {
        return identity().resolve("used-token");
    }

    /** Receipts and decisions. */
    public Path log() {
        return directory.resolve("node-log.db");
    }

    /** Bases and candidates. */
    public Path models() {
        return directory.resolve("models");
    }

    /** One base or candidate. */
    public Path model(Digest digest) {
        return models().resolve(digest.hex());
    }

    /** Packed corpora. */
    public Path tokens() {
        return directory.resolve("tokens");
    }

    /** The trainer's state between rounds. */
    public Path trainer() {
        return directory.resolve("trainer");
    }

    /** What the member's own trainer is given, and leaves, unless the settings name a place. */
    public Path job() {
        return directory.resolve("job");
    }

    /** What waits to be admitted. */
    public Path outbox() {
        return directory.resolve("outbox");
    }

    /** What waits to be admitted to one round. */
    public Path outbox(RoundNumber round) {
        return outbox().resolve("round-" + round);
    }

    /** What coding has lost of contributions that became part of a base. */
    public Path residuals() {
        return directory.resolve("residual");
    }

    /** The mean gradients of the latest merge: this member's, and everybody's. */
    public Path gradients() {
        return directory.resolve("gradient");
    }

    /** What was verified of the coordinator's log. */
    public Path witness() {
        return directory.resolve("witness");
    }

    /** How models did on the member's held-out text. */
    public Path scores() {
        return directory.resolve("scores");
    }

    /** The member's own models. */
    public Path sovereign() {
        return directory.resolve("sovereign");
    }

    /** One of the member's own models. */
    public Path sovereign(String name) {
        return sovereign().resolve(name);
    }

    /** What Sovereign Builds have come to, stage by stage. */
    public Path builds() {
        return directory.resolve("builds");
    }

    /** Working copies of the boxes that lie in an object store. */
    public Path boxes() {
        return directory.resolve("boxes");
    }

    /** Steps, phases and scores, one per line. */
    public Path metrics() {
        return directory.resolve("metrics.jsonl");
    }
}
