package dev.tapestry.trust.certificate;

import dev.tapestry.trust.Pem;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Date;
import java.util.List;
import java.util.regex.Pattern;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.PKCSException;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequest;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;
import org.jspecify.annotations.Nullable;

/** The ASN.1 of issuing: requests (PKCS#10) and certificates (RFC 5280). */
final class Issuance {

    private static final String REQUEST = "CERTIFICATE REQUEST";
    private static final String ALGORITHM = "SHA256withECDSA";

    private static final Pattern IP = Pattern.compile("[0-9.]+|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*");
    private static final Pattern DNS = Pattern.compile("[A-Za-z0-9]([A-Za-z0-9-]{0,62}\\.?){0,10}");

    /** A certificate to be issued. */
    record Order(
            PublicKey key,
            Peer peer,
            List<String> hosts,
            BigInteger serial,
            Instant from,
            Instant until) {}

    private Issuance() {}

    static X509Certificate authority(
            String name, KeyPair pair, BigInteger serial, Instant from, Duration lifetime) {
        X500Name subject = commonName(name);
        try {
            JcaX509ExtensionUtils extensions = new JcaX509ExtensionUtils();
            X509v3CertificateBuilder builder =
                    new JcaX509v3CertificateBuilder(
                                    subject,
                                    serial,
                                    Date.from(from),
                                    Date.from(from.plus(lifetime)),
                                    subject,
                                    pair.getPublic())
                            .addExtension(Extension.basicConstraints, true, new BasicConstraints(0))
                            .addExtension(
                                    Extension.keyUsage,
                                    true,
                                    new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign))
                            .addExtension(
                                    Extension.subjectKeyIdentifier,
                                    false,
                                    extensions.createSubjectKeyIdentifier(pair.getPublic()));
            return signed(builder, pair.getPrivate());
        } catch (IOException | GeneralSecurityException | OperatorCreationException e) {
            throw new TrustException(
                    Code.CERTIFICATE_REFUSED, "cannot make an authority for '" + name + "'", e);
        }
    }

    static X509Certificate certificate(
            Order order, PrivateKey authorityKey, X509Certificate authority) {
        boolean server = order.peer() instanceof Peer.Coordinator;
        KeyPurposeId[] purposes =
                server
                        ? new KeyPurposeId[] {
                            KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth
                        }
                        : new KeyPurposeId[] {KeyPurposeId.id_kp_clientAuth};
        try {
            JcaX509ExtensionUtils extensions = new JcaX509ExtensionUtils();
            X509v3CertificateBuilder builder =
                    new JcaX509v3CertificateBuilder(
                                    authority,
                                    order.serial(),
                                    Date.from(order.from()),
                                    Date.from(order.until()),
                                    commonName(order.peer().commonName()),
                                    order.key())
                            .addExtension(
                                    Extension.basicConstraints, true, new BasicConstraints(false))
                            .addExtension(
                                    Extension.keyUsage,
                                    true,
                                    new KeyUsage(KeyUsage.digitalSignature))
                            .addExtension(
                                    Extension.extendedKeyUsage,
                                    false,
                                    new ExtendedKeyUsage(purposes))
                            .addExtension(
                                    Extension.subjectAlternativeName,
                                    false,
                                    names(order.peer(), order.hosts()))
                            .addExtension(
                                    Extension.authorityKeyIdentifier,
                                    false,
                                    extensions.createAuthorityKeyIdentifier(authority));
            return signed(builder, authorityKey);
        } catch (IOException | GeneralSecurityException | OperatorCreationException e) {
            throw new TrustException(
                    Code.CERTIFICATE_REFUSED,
                    "cannot issue a certificate for " + order.peer().uri(),
                    e);
        }
    }

    static String request(KeyPair pair) {
        try {
            return Pem.encode(
                    REQUEST,
                    new JcaPKCS10CertificationRequestBuilder(
                                    commonName("tapestry"), pair.getPublic())
                            .build(new JcaContentSignerBuilder(ALGORITHM).build(pair.getPrivate()))
                            .getEncoded());
        } catch (IOException | OperatorCreationException e) {
            throw new TrustException(Code.REQUEST_REFUSED, "cannot make a signing request", e);
        }
    }

    /** The key in a request whose sender proved to hold its other half. */
    static PublicKey requestedKey(String requestPem) {
        byte[] der = Pem.decode(REQUEST, requestPem);
        try {
            JcaPKCS10CertificationRequest request = new JcaPKCS10CertificationRequest(der);
            PublicKey key = request.getPublicKey();
            if (!EcKeys.isP256(key)) {
                throw refused("its key is no ECDSA key on P-256", null);
            }
            if (!request.isSignatureValid(new JcaContentVerifierProviderBuilder().build(key))) {
                throw refused("its signature was not made with its own key", null);
            }
            return key;
        } catch (TrustException e) {
            throw e;
        } catch (IOException
                | GeneralSecurityException
                | OperatorCreationException
                | PKCSException
                | RuntimeException e) {
            // The ASN.1 reader reports bad bytes with several unchecked exceptions.
            throw refused("it is not a PKCS#10 request", e);
        }
    }

    /** Whether the subject alternative names are those of this peer and these hosts. */
    static boolean names(X509Certificate certificate, Peer peer, List<String> hosts) {
        byte[] extension = certificate.getExtensionValue(Extension.subjectAlternativeName.getId());
        try {
            return extension != null
                    && Arrays.equals(
                            ASN1OctetString.getInstance(extension).getOctets(),
                            names(peer, hosts).getEncoded());
        } catch (IOException e) {
            throw new TrustException(Code.CERTIFICATE_REFUSED, "names cannot be encoded", e);
        }
    }

    private static GeneralNames names(Peer peer, List<String> hosts) {
        List<GeneralName> names = new ArrayList<>();
        names.add(new GeneralName(GeneralName.uniformResourceIdentifier, peer.uri()));
        for (String host : hosts) {
            names.add(name(host));
        }
        return new GeneralNames(names.toArray(GeneralName[]::new));
    }

    static GeneralName name(String host) {
        try {
            if (IP.matcher(host).matches()) {
                return new GeneralName(GeneralName.iPAddress, host);
            }
        } catch (IllegalArgumentException _) {
            // Digits and points, but no address: refused below.
        }
        if (DNS.matcher(host).matches() && !IP.matcher(host).matches()) {
            return new GeneralName(GeneralName.dNSName, host);
        }
        throw new TrustException(
                Code.REQUEST_REFUSED, "'" + host + "' is neither a host name nor an IP address");
    }

    private static X509Certificate signed(X509v3CertificateBuilder builder, PrivateKey key)
            throws OperatorCreationException, GeneralSecurityException {
        return new JcaX509CertificateConverter()
                .getCertificate(builder.build(new JcaContentSignerBuilder(ALGORITHM).build(key)));
    }

    private static X500Name commonName(String name) {
        return new X500NameBuilder(BCStyle.INSTANCE).addRDN(BCStyle.CN, name).build();
    }

    private static TrustException refused(String why, @Nullable Throwable cause) {
        return new TrustException(
                Code.REQUEST_REFUSED, "the certificate signing request is refused: " + why, cause);
    }
}
