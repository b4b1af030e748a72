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
        /**
         * It may, but a round went on without it when its lease had lapsed, and nothing came from
         * it since: it is not waited for a whole lease again.
         */
        AWAY,
        REVOKED
    }

    /** Whether the member may take part in rounds. */
    public boolean active() {
        return standing != Standing.REVOKED;
    }

    /** Its lease has lapsed. */
    Member away() {
        return active() ? new Member(id, certificate, signingKey, Standing.AWAY) : this;
    }

    /** Something came from it. */
    Member back() {
        return active() ? new Member(id, certificate, signingKey, Standing.ENROLLED) : this;
    }

    Member renewed(Digest next) {
        return new Member(id, next, signingKey, standing).back();
    }

    Member signingWith(String key) {
        return new Member(id, certificate, key, standing).back();
    }

    Member revoked() {
        return new Member(id, certificate, signingKey, Standing.REVOKED);
    }
}
