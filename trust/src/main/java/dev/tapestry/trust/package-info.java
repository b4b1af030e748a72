/**
 * What makes strangers able to rely on each other: canonical documents, signatures, certificates,
 * enrolment and the audit log.
 *
 * <p>Every reader of foreign bytes in this room throws {@link dev.tapestry.trust.TrustException}
 * and nothing else, and says what was wrong, with which value, and what to do about it.
 */
@NullMarked
package dev.tapestry.trust;

import org.jspecify.annotations.NullMarked;
