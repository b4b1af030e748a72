/**
 * How a member's machine becomes a node: one token, once.
 *
 * <p>The steward issues a token and gives it to the member by a channel they already trust; the
 * node makes its keys, calls the coordinator (pinned by the token), shows the secret and gets its
 * certificate. A token is one line that survives copying:
 *
 * <pre>
 *   tapestry1.&lt;base64url of the canonical JSON {"authority","coordinator","member","secret"}&gt;.&lt;check&gt;
 *   secret   32 random bytes, base64url without padding
 *   check    first 8 hexadecimal digits of the SHA-256 of what stands before the last point
 * </pre>
 *
 * <p>The coordinator keeps only the SHA-256 of the secret ({@code Secret.digest()}), member and
 * expiry, as an event in its log; that a token works once follows from the rules of the consortium.
 */
@NullMarked
package dev.tapestry.trust.enrolment;

import org.jspecify.annotations.NullMarked;
