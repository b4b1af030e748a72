package dev.tapestry.coordinator;

import dev.tapestry.consortium.Consortium;
import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.ConsortiumEvent.MemberEnrolled;
import dev.tapestry.consortium.ConsortiumEvent.TokenIssued;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.Member;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.protocol.EnrolmentReply;
import dev.tapestry.consortium.protocol.EnrolmentRequest;
import dev.tapestry.consortium.protocol.TokenRequest;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.certificate.CertificateAuthority;
import dev.tapestry.trust.certificate.Certificates;
import dev.tapestry.trust.certificate.Peer;
import dev.tapestry.trust.enrolment.EnrolmentToken;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.signature.VerifyingKey;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Issues enrolment tokens and exchanges each once for a certificate. Tokens live in the log, as the
 * digest of their secret. Thread-safe.
 */
final class EnrolmentDesk {

    private static final Duration LONGEST_VALIDITY = Duration.ofDays(30);

    private final Ledger ledger;
    private final CertificateAuthority authority;
    private final CertificateShelf shelf;
    private final Path answers;
    private final InstantSource clock;
    private final SecureRandom random = new SecureRandom();

    /**
     * What an enrolment was answered. An answer can be lost on its way; who asks again with the
     * same keys gets it again.
     *
     * @param claimant digest of the request
     * @param reply the answer
     */
    private record Answer(Digest claimant, EnrolmentReply reply) {}

    EnrolmentDesk(
            Ledger ledger,
            CertificateAuthority authority,
            CertificateShelf shelf,
            Path answers,
            InstantSource clock) {
        this.ledger = ledger;
        this.authority = authority;
        this.shelf = shelf;
        this.answers = answers;
        this.clock = clock;
        FileTrees.create(answers);
    }

    /** Issues a token; its secret exists only in the answer. */
    EnrolmentToken issue(TokenRequest request, URI coordinator) {
        Duration validity = request.validity();
        if (!validity.isPositive() || validity.compareTo(LONGEST_VALIDITY) > 0) {
            throw new ApiRefusal(
                    ApiCode.BAD_REQUEST,
                    "a token's validity is above 0 and at most " + LONGEST_VALIDITY);
        }
        EnrolmentToken token =
                EnrolmentToken.issue(
                        coordinator, authority.fingerprint(), request.member(), random);
        Instant now = clock.instant();
        ledger.change(_ ->
                List.of(
                        new TokenIssued(
                                request.member(),
                                token.secret().digest(),
                                now.plus(validity),
                                now)));
        return token;
    }

    /**
     * Exchanges a secret for a certificate.
     *
     * @throws ApiRefusal {@code TOKEN_UNKNOWN}, {@code TOKEN_EXPIRED}, {@code
     *     BAD_CERTIFICATE_REQUEST}
     */
    synchronized EnrolmentReply enrol(EnrolmentRequest request) {
        Digest secret = secret(request);
        Digest claimant = CanonicalJson.digest(request);
        Consortium consortium = ledger.snapshot().consortium();
        TokenIssued token = consortium.tokens().get(secret);
        if (token == null || !token.member().equals(request.member())) {
            return repeated(secret, claimant, consortium.members().get(request.member()))
                    .orElseThrow(() -> unknown(request.member()));
        }
        Instant now = clock.instant();
        if (!now.isBefore(token.expires())) {
            throw new ApiRefusal(
                    ApiCode.TOKEN_EXPIRED,
                    "the token expired at " + token.expires() + "; ask the steward for a new one");
        }
        X509Certificate certificate = certificate(request, now);
        EnrolmentReply reply =
                new EnrolmentReply(
                        consortium.charter().name(),
                        Certificates.pem(certificate),
                        Certificates.pem(authority.certificate()),
                        consortium.coordinatorKey());
        shelf.keep(certificate);
        FileTrees.write(answer(secret), CanonicalJson.write(new Answer(claimant, reply)));
        ledger.change(state -> enrolled(state, request, certificate, secret, now));
        return reply;
    }

    private static List<ConsortiumEvent> enrolled(
            Consortium state,
            EnrolmentRequest request,
            X509Certificate certificate,
            Digest secret,
            Instant now) {
        if (!state.tokens().containsKey(secret)) {
            throw unknown(request.member());
        }
        return List.of(
                new MemberEnrolled(
                        request.member(),
                        Certificates.fingerprint(certificate),
                        request.signingKey(),
                        secret,
                        now));
    }

    private X509Certificate certificate(EnrolmentRequest request, Instant now) {
        try {
            new VerifyingKey(request.signingKey());
            return authority.issue(
                    request.certificateRequest(),
                    new Peer.Member(request.member()),
                    List.of(),
                    now,
                    Founding.CERTIFICATE_LIFETIME);
        } catch (TrustException | IllegalArgumentException e) {
            throw new ApiRefusal(ApiCode.BAD_CERTIFICATE_REQUEST, String.valueOf(e.getMessage()));
        }
    }

    private Optional<EnrolmentReply> repeated(
            Digest secret, Digest claimant, @Nullable Member member) {
        if (member == null || !Files.exists(answer(secret))) {
            return Optional.empty();
        }
        Answer answer = CanonicalJson.read(SafeFile.readBytes(answer(secret)), Answer.class);
        Digest certificate =
                Certificates.fingerprint(Certificates.parse(answer.reply().certificate()));
        return answer.claimant().equals(claimant) && certificate.equals(member.certificate())
                ? Optional.of(answer.reply())
                : Optional.empty();
    }

    private static Digest secret(EnrolmentRequest request) {
        try {
            return new EnrolmentToken.Secret(request.secret()).digest();
        } catch (IllegalArgumentException _) {
            throw unknown(request.member());
        }
    }

    private Path answer(Digest secret) {
        return answers.resolve(secret.hex() + ".json");
    }

    private static ApiRefusal unknown(MemberId member) {
        return new ApiRefusal(
                ApiCode.TOKEN_UNKNOWN,
                "no token of " + member + " has this secret, or it was used; ask the steward");
    }
}
