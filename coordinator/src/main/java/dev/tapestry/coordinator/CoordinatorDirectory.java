package dev.tapestry.coordinator;

import java.nio.file.Path;

/**
 * Where everything of a coordinator lies; the package describes the layout.
 *
 * @param root the coordinator's directory
 */
record CoordinatorDirectory(Path root) {

    Path config() {
        return root.resolve("coordinator.yaml");
    }

    Path authority() {
        return root.resolve("ca");
    }

    Path identity() {
        return root.resolve("identity");
    }

    Path steward() {
        return root.resolve("steward");
    }

    Path signingKey() {
        return root.resolve("signing-key.pem");
    }

    Path log() {
        return root.resolve("log.db");
    }

    /** What a coordinator to be tells of itself. */
    Path successor() {
        return root.resolve("successor.json");
    }

    /** The fingerprint of the only steward's certificate that counts, where there is one. */
    Path stewardPin() {
        return root.resolve("steward.sha256");
    }

    Path moves() {
        return root.resolve("moves");
    }

    Path cosignatures() {
        return root.resolve("cosignatures");
    }

    Path enrolments() {
        return root.resolve("enrolments");
    }

    /** Certificates that members were offered and have not used yet. */
    Path renewals() {
        return root.resolve("renewals");
    }

    /** Members' certificates, by their digests. */
    Path certificates() {
        return root.resolve("certificates");
    }

    Path models() {
        return root.resolve("models");
    }

    Path contributions() {
        return root.resolve("contributions");
    }

    /** The signed manifests of contributions whose files are no longer kept. */
    Path envelopes() {
        return root.resolve("envelopes");
    }

    Path residuals() {
        return root.resolve("residuals");
    }

    Path momenta() {
        return root.resolve("momenta");
    }
}
