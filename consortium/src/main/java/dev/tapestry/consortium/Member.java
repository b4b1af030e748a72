package dev.tapestry.consortium;

/**
 * An organisation with a vote, data and the right to leave, as the log knows it.
 *
 * @param id its name
 * @param certificate SHA-256 of its node's certificate (DER)
 * @param signingKey its Ed25519 public key, as the trust room writes it
 * @param standing whether it may take part
 */
public record Member(MemberId id, Digest certificate, String signingKey, Standing standing) {

    /** Whether a member may take part. */
    public enum Standing {
        ENROLLED,
        REVOKED
    }

    /** Whether the member may take part in rounds. */
    public boolean active() {
        return standing == Standing.ENROLLED;
    }

    Member renewed(Digest next) {
        return new Member(id, next, signingKey, standing);
    }

    Member revoked() {
        return new Member(id, certificate, signingKey, Standing.REVOKED);
    }
}
