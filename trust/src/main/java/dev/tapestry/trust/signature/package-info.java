/**
 * Signed documents: DSSE v1 envelopes with Ed25519 signatures (RFC 8032).
 *
 * <p>What is signed is never the JSON of the envelope but the pre-authentication encoding of its
 * content, so that white space, member order and further signatures change nothing:
 *
 * <pre>
 *   PAE(type, body) = "DSSEv1" SP LEN(type) SP type SP LEN(body) SP body
 *   LEN             = the length in bytes, decimal ASCII without leading zeros
 * </pre>
 *
 * <p>A departure from the specification: envelopes with further members than {@code payload},
 * {@code payloadType}, {@code signatures}, {@code keyid} and {@code sig} are refused instead of
 * read in part.
 */
@NullMarked
package dev.tapestry.trust.signature;

import org.jspecify.annotations.NullMarked;
