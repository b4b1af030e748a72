package dev.tapestry.node.egress;

import java.time.Instant;

/**
 * What anyone may ask a coordinator.
 *
 * @param protocol version that it speaks
 * @param clock its time
 */
public record CoordinatorStatus(int protocol, Instant clock) {}
