package dev.tapestry.trust.certificate;

import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;

/**
 * The time for which a certificate is valid, and what of it is left for renewing it.
 *
 * <p>A certificate is due when less than a third of its term, or than 30 days where that is more,
 * is left; but never before half of the term has passed, which is also when the coordinator begins
 * to renew it. One that ends with its authority is never due: another would end no later.
 *
 * @param from when it was issued
 * @param until the last instant at which it is valid
 * @param authorityUntil the last instant at which its authority is
 */
public record Term(Instant from, Instant until, Instant authorityUntil) {

    /** The end of a certificate is shown so long ahead, and one is renewed at least so early. */
    public static final Duration AHEAD = Duration.ofDays(30);

    /** The end of an authority is shown so long ahead, for nothing renews it. */
    public static final Duration AUTHORITY_AHEAD = Duration.ofDays(365);

    /** The term of a certificate that {@code authority} issued. */
    public static Term of(X509Certificate certificate, X509Certificate authority) {
        return new Term(
                certificate.getNotBefore().toInstant().plus(CertificateAuthority.CLOCK_SKEW),
                Certificates.expiry(certificate),
                Certificates.expiry(authority));
    }

    /** From when on the authority issues the next one. */
    public Instant renewable() {
        return until.minus(length().dividedBy(2));
    }

    /** From when on its holder asks for the next one. */
    public Instant due() {
        Duration third = length().dividedBy(3);
        Duration left = third.compareTo(AHEAD) > 0 ? third : AHEAD;
        Instant due = until.minus(left);
        return due.isBefore(renewable()) ? renewable() : due;
    }

    /** Whether its holder should ask for the next one now. */
    public boolean isDue(Instant now) {
        return !isLast() && !now.isBefore(due());
    }

    /** Whether it ends with its authority, so that no other would end later. */
    public boolean isLast() {
        return !until.isBefore(authorityUntil);
    }

    /** Whether it has ended. */
    public boolean isOver(Instant now) {
        return now.isAfter(until);
    }

    /** Whether it ends within {@link #AHEAD}, or has ended. */
    public boolean endsSoon(Instant now) {
        return now.plus(AHEAD).isAfter(until);
    }

    /** Whether the authority ends within {@link #AUTHORITY_AHEAD}, or has ended. */
    public boolean authorityEndsSoon(Instant now) {
        return now.plus(AUTHORITY_AHEAD).isAfter(authorityUntil);
    }

    private Duration length() {
        return Duration.between(from, until);
    }
}
