package dev.tapestry.trust.certificate;

import dev.tapestry.consortium.Digest;
import dev.tapestry.trust.Pem;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import java.io.ByteArrayInputStream;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Instant;

/** Reading, writing and naming certificates. */
public final class Certificates {

    private static final String LABEL = "CERTIFICATE";

    private Certificates() {}

    /**
     * Reads PEM with exactly one certificate.
     *
     * @throws TrustException {@code PEM_MALFORMED}, {@code CERTIFICATE_REFUSED}
     */
    public static X509Certificate parse(String pem) {
        return decode(Pem.decode(LABEL, pem));
    }

    /** Writes PEM. */
    public static String pem(X509Certificate certificate) {
        return Pem.encode(LABEL, der(certificate));
    }

    /** The SHA-256 of the whole certificate (its DER encoding): its name for pinning and lists. */
    public static Digest fingerprint(X509Certificate certificate) {
        return Digest.of(der(certificate));
    }

    /** The last instant at which the certificate is valid. */
    public static Instant expiry(X509Certificate certificate) {
        return certificate.getNotAfter().toInstant();
    }

    /**
     * Checks that {@code authority} issued {@code certificate}; says nothing about dates.
     *
     * @throws TrustException {@code CERTIFICATE_REFUSED}
     */
    public static void requireIssued(X509Certificate certificate, X509Certificate authority) {
        try {
            if (authority.getBasicConstraints() < 0) {
                throw new CertificateException("the issuer's certificate is not an authority's");
            }
            certificate.verify(authority.getPublicKey());
        } catch (GeneralSecurityException e) {
            throw new TrustException(
                    Code.CERTIFICATE_REFUSED,
                    "the certificate of '"
                            + certificate.getSubjectX500Principal().getName()
                            + "' was not issued by '"
                            + authority.getSubjectX500Principal().getName()
                            + "' with fingerprint "
                            + fingerprint(authority),
                    e);
        }
    }

    private static X509Certificate decode(byte[] der) {
        try {
            ByteArrayInputStream in = new ByteArrayInputStream(der);
            if (CertificateFactory.getInstance("X.509").generateCertificate(in)
                            instanceof X509Certificate certificate
                    && in.available() == 0) {
                return certificate;
            }
        } catch (CertificateException e) {
            throw new TrustException(
                    Code.CERTIFICATE_REFUSED, "not an X.509 certificate: " + e.getMessage(), e);
        }
        throw new TrustException(
                Code.CERTIFICATE_REFUSED, "there is more than one certificate in the block");
    }

    private static byte[] der(X509Certificate certificate) {
        try {
            return certificate.getEncoded();
        } catch (CertificateEncodingException e) {
            throw new TrustException(
                    Code.CERTIFICATE_REFUSED, "the certificate has no encoding", e);
        }
    }
}
