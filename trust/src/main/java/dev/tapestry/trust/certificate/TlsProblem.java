package dev.tapestry.trust.certificate;

import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Optional;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** Why two ends did not come to trust each other, told apart, each with what to do. */
public enum TlsProblem {
    /** The other end's certificate, or one's own, is past its end. */
    EXPIRED(
            "the certificate has expired: check this machine's clock; a node's own is replaced by"
                    + " enrolling again with a new token, the coordinator's by starting it again"),
    /** It has not begun yet: a clock is wrong. */
    NOT_YET_VALID(
            "the certificate is not valid yet: the clocks of the two machines differ by more than"
                    + " 5 minutes; set this machine's clock (NTP)"),
    /** It was issued by somebody else than the consortium's authority. */
    WRONG_AUTHORITY(
            "the certificate was not issued by this consortium's authority; check the address, or"
                    + " ask the steward for a new token if the consortium was founded anew"),
    /** It is genuine, but for other host names than the one called. */
    WRONG_HOST(
            "the coordinator's certificate does not name the host that was called; use a name or"
                    + " address it was issued for, or have the steward add this one to dnsNames in"
                    + " coordinator.yaml and start the coordinator again"),
    /** It is genuine, but its holder has another role, as a member that poses as coordinator. */
    WRONG_ROLE(
            "the other end is of this consortium but is not the coordinator; check the address and"
                    + " tell the steward"),
    /** It was withdrawn. */
    REVOKED("the certificate was revoked; ask the steward why, and enrol again with a new token"),
    /** The other end asks for a certificate, and none was given. */
    CERTIFICATE_MISSING(
            "the coordinator asks for a member's certificate and got none; enrol first, or check"
                    + " that certificate.pem is of this consortium"),
    /** The other end refused one's own certificate and did not say why. */
    REFUSED_BY_PEER(
            "the other end refused this end's certificate; check its dates and that it is of the"
                    + " same consortium (tapestry doctor)"),
    /** The two ends have no protocol in common, or the port does not speak TLS. */
    NO_COMMON_PROTOCOL(
            "the port does not speak TLS 1.3; check the address, and whether a proxy is between"),
    /** Something else. */
    OTHER("the secure connection failed; the message says where");

    private final String advice;

    TlsProblem(String advice) {
        this.advice = advice;
    }

    /** What it means and what a person can do. */
    public String advice() {
        return advice;
    }

    /** Tells from an exception, and those that led to it, what the problem is. */
    public static TlsProblem of(Throwable failure) {
        TlsProblem found = OTHER;
        @Nullable Throwable cause = failure;
        for (int depth = 0; cause != null && depth < 32; depth++) {
            TlsProblem here = one(cause);
            if (here != OTHER) {
                found = here; // the deepest one says it most precisely
            }
            cause = cause.getCause();
        }
        return found;
    }

    /** What is wrong with the dates of a certificate, one's own for instance. */
    public static Optional<TlsProblem> ofDates(X509Certificate certificate, Instant now) {
        if (now.isAfter(certificate.getNotAfter().toInstant())) {
            return Optional.of(EXPIRED);
        }
        return now.isBefore(certificate.getNotBefore().toInstant())
                ? Optional.of(NOT_YET_VALID)
                : Optional.empty();
    }

    /** Whether there was a connection that broke, other than by silence. */
    static boolean brokeOff(Throwable failure) {
        @Nullable Throwable cause = failure;
        for (int depth = 0; cause != null && depth < 32; depth++) {
            switch (cause) {
                case ConnectException _, NoRouteToHostException _ -> {
                    return false;
                }
                case UnknownHostException _, SocketTimeoutException _ -> {
                    return false;
                }
                default -> cause = cause.getCause();
            }
        }
        return true;
    }

    private static TlsProblem one(Throwable cause) {
        return switch (cause) {
            case PeerRefusedException refused -> refused.problem();
            case CertificateExpiredException _ -> EXPIRED;
            case CertificateNotYetValidException _ -> NOT_YET_VALID;
            case CertPathValidatorException path
                    when path.getReason() == CertPathValidatorException.BasicReason.REVOKED ->
                    REVOKED;
            case SSLException ssl -> alert(String.valueOf(ssl.getMessage()));
            default -> OTHER;
        };
    }

    /** RFC 8446 §6.2; the JDK writes the alert's name into the message. */
    private static TlsProblem alert(String message) {
        if (message.contains("certificate_expired")) {
            return EXPIRED;
        } else if (message.contains("certificate_revoked")) {
            return REVOKED;
        } else if (message.contains("certificate_required")
                || message.contains("Empty client certificate chain")) {
            return CERTIFICATE_MISSING;
        } else if (message.contains("unknown_ca")) {
            return WRONG_AUTHORITY;
        } else if (message.contains("bad_certificate")
                || message.contains("certificate_unknown")
                || message.contains("unsupported_certificate")) {
            return REFUSED_BY_PEER;
        } else if (message.contains("protocol_version")
                || message.contains("No appropriate protocol")
                || message.contains("Unsupported or unrecognized SSL message")) {
            return NO_COMMON_PROTOCOL;
        }
        return OTHER;
    }
}
