package dev.tapestry.consortium.protocol;

import dev.tapestry.consortium.Digest;
import java.util.List;

/**
 * A proof of inclusion or consistency (RFC 9162 §2.1.3, §2.1.4).
 *
 * @param hashes from the leaf towards the root
 */
public record LogProof(List<Digest> hashes) {}
