package dev.tapestry.trust.enrolment;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import dev.tapestry.trust.json.CanonicalJson;
import java.net.URI;
import java.security.SecureRandom;
import java.util.Base64;

/**
 * What a member gets to join with, whole or not at all.
 *
 * @param coordinator where to enrol, an {@code https} address
 * @param authority fingerprint of the certificate authority that the coordinator must show
 * @param member as whom
 */
public record EnrolmentToken(URI coordinator, Digest authority, MemberId member, Secret secret) {

    private static final String PREFIX = "tapestry1.";
    private static final int MAX_LENGTH = 2048;
    private static final int CHECK_DIGITS = 8;

    /**
     * The 256 bits that make the token work; printed nowhere by accident.
     *
     * @param value base64url without padding of 32 bytes
     */
    public record Secret(String value) {

        public Secret {
            if (!value.matches("[A-Za-z0-9_-]{43}")) {
                throw new IllegalArgumentException("a secret is 43 characters of base64url");
            }
        }

        /** A fresh one. */
        public static Secret random(SecureRandom random) {
            byte[] bytes = new byte[32];
            random.nextBytes(bytes);
            return new Secret(Base64.getUrlEncoder().withoutPadding().encodeToString(bytes));
        }

        /** What the coordinator keeps instead of the secret. */
        public Digest digest() {
            return Digest.of(value.getBytes(US_ASCII));
        }

        @Override
        public String toString() {
            return "Secret[…]";
        }
    }

    public EnrolmentToken {
        if (!"https".equals(coordinator.getScheme()) || coordinator.getHost() == null) {
            throw new IllegalArgumentException(
                    "a coordinator has an https address, not '" + coordinator + "'");
        }
    }

    /** A token with a fresh secret, which exists only in the answer. */
    public static EnrolmentToken issue(
            URI coordinator, Digest authority, MemberId member, SecureRandom random) {
        return new EnrolmentToken(coordinator, authority, member, Secret.random(random));
    }

    /** The one line to hand over. */
    public String text() {
        String body =
                PREFIX
                        + Base64.getUrlEncoder()
                                .withoutPadding()
                                .encodeToString(CanonicalJson.write(this));
        return body + "." + check(body);
    }

    /**
     * Reads a line that somebody pasted; spaces and line breaks around it do not matter.
     *
     * @throws TrustException {@code TOKEN_MALFORMED}
     */
    public static EnrolmentToken parse(String pasted) {
        String text = pasted.strip();
        int check = text.lastIndexOf('.');
        if (!text.startsWith(PREFIX) || check < PREFIX.length() || text.length() > MAX_LENGTH) {
            throw malformed("it does not look like '" + PREFIX + "….…'");
        }
        String body = text.substring(0, check);
        if (!check(body).equals(text.substring(check + 1))) {
            throw malformed("its check digits do not fit: a part is missing or was changed");
        }
        try {
            return CanonicalJson.read(
                    Base64.getUrlDecoder().decode(body.substring(PREFIX.length())),
                    EnrolmentToken.class);
        } catch (IllegalArgumentException | TrustException _) {
            // The cause could quote the secret, so it is left out.
            throw malformed("its content is damaged");
        }
    }

    private static String check(String body) {
        return Digest.of(body.getBytes(UTF_8)).hex().substring(0, CHECK_DIGITS);
    }

    private static TrustException malformed(String why) {
        return new TrustException(
                Code.TOKEN_MALFORMED,
                "this is not an enrolment token: " + why + "; copy the whole line again");
    }
}
