package dev.tapestry.consortium.protocol;

/**
 * What a node receives when it enrols.
 *
 * @param consortium its name
 * @param certificate the node's certificate, PEM
 * @param authority the consortium's certificate authority, PEM
 * @param coordinatorKey Ed25519 public key with which the coordinator signs its checkpoints
 */
public record EnrolmentReply(
        String consortium, String certificate, String authority, String coordinatorKey) {}
