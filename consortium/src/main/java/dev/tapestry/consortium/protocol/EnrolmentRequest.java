package dev.tapestry.consortium.protocol;

import dev.tapestry.consortium.MemberId;

/**
 * A node's first message.
 *
 * @param member whose node it is
 * @param secret from the token
 * @param certificateRequest PKCS#10 in PEM, for a key that never leaves the node
 * @param signingKey Ed25519 public key with which the node will sign
 */
public record EnrolmentRequest(
        MemberId member, String secret, String certificateRequest, String signingKey) {}
