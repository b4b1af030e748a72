package dev.tapestry.consortium.protocol;

import dev.tapestry.consortium.Charter;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import java.util.List;
import java.util.Optional;

/**
 * What every member may know of its consortium.
 *
 * @param charter the rules
 * @param coordinatorKey Ed25519 public key with which the coordinator signs
 * @param members active members, sorted
 * @param base digest of the shared base
 * @param logSize number of events
 */
public record ConsortiumView(
        Charter charter,
        String coordinatorKey,
        List<MemberId> members,
        Optional<Digest> base,
        long logSize) {}
