package dev.tapestry.consortium;

/**
 * Who is to be the coordinator after a move.
 *
 * @param key Ed25519 public key with which it will sign checkpoints
 * @param address what nodes and the steward will call
 * @param certificateKey SHA-256 of the public key (SubjectPublicKeyInfo) of its certificate: who
 *     was coordinator before may still have the authority's key, and could issue itself another one
 */
public record Successor(String key, String address, Digest certificateKey) {

    private static final int LONGEST = 300;

    public Successor {
        if (!address.startsWith("https://") || address.length() > LONGEST) {
            throw new IllegalArgumentException(
                    "a coordinator's address begins with https:// and has at most "
                            + LONGEST
                            + " characters, not '"
                            + address
                            + "'");
        }
    }
}
