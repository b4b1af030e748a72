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

    Path residuals() {
        return root.resolve("residuals");
    }

    Path momenta() {
        return root.resolve("momenta");
    }
}
