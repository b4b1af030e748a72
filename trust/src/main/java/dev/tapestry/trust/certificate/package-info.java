/**
 * Who is who on the network: the consortium's own certificate authority and mutual TLS 1.3.
 *
 * <p>All keys are ECDSA P-256. The private key is made where it is used; only a signing request
 * (PKCS#10) travels. A certificate says who its holder is in two places that must agree:
 *
 * <pre>
 *                 subject             subject alternative names             extended key usage
 *   coordinator   CN=coordinator      URI tapestry://coordinator, hosts     serverAuth, clientAuth
 *   steward       CN=steward          URI tapestry://steward              clientAuth
 *   member m      CN=m                URI tapestry://member/m               clientAuth
 * </pre>
 *
 * <p>The role is the URI, so a member that calls itself "coordinator" is still a member. This is
 * the only package that uses BouncyCastle: the JDK reads certificates but cannot issue them.
 *
 * <p>An identity is a directory with {@code key.pem} (PKCS#8, mode 0600), {@code certificate.pem}
 * and {@code ca.pem}, beside which {@link Renewal} makes the next ones; an authority one with
 * {@code ca-key.pem} (0600) and {@code ca.pem}.
 */
@NullMarked
package dev.tapestry.trust.certificate;

import org.jspecify.annotations.NullMarked;
