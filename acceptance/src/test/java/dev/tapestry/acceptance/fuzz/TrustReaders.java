package dev.tapestry.acceptance.fuzz;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tapestry.acceptance.fuzz.ForeignReader.Language;
import dev.tapestry.consortium.CoordinatorMove;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.Successor;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.certificate.CertificateAuthority;
import dev.tapestry.trust.certificate.Certificates;
import dev.tapestry.trust.certificate.KeyAndRequest;
import dev.tapestry.trust.certificate.Peer;
import dev.tapestry.trust.enrolment.EnrolmentToken;
import dev.tapestry.trust.log.Checkpoint;
import dev.tapestry.trust.log.ConsistencyProof;
import dev.tapestry.trust.log.Cosignature;
import dev.tapestry.trust.log.InclusionProof;
import dev.tapestry.trust.log.SignedNote;
import dev.tapestry.trust.move.MoveAgreement;
import dev.tapestry.trust.signature.Envelope;
import dev.tapestry.trust.signature.KeyReplacement;
import dev.tapestry.trust.signature.SigningKey;
import dev.tapestry.trust.signature.VerifyingKey;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Signed documents, notes, proofs, tokens, certificates and requests for them. */
final class TrustReaders {

    private static final SigningKey KEY = SigningKey.generate();
    private static final SigningKey NEXT = SigningKey.generate();
    private static final MemberId ADA = new MemberId("ada");
    private static final MemberId BO = new MemberId("bo");
    private static final Map<Path, CertificateAuthority> AUTHORITIES = new ConcurrentHashMap<>();
    private static final String ORIGIN = "tapestry/0123456789ab";

    private TrustReaders() {}

    static List<ForeignReader> all() {
        return List.of(
                reader(
                        Language.JSON,
                        "envelopes",
                        TrustReaders::envelope,
                        _ -> List.of(envelope())),
                reader(
                        Language.JSON,
                        "key-replacements",
                        TrustReaders::replacement,
                        _ -> List.of(KeyReplacement.sign(ADA, KEY, NEXT).bytes())),
                reader(
                        Language.JSON,
                        "move-agreements",
                        TrustReaders::agreement,
                        _ -> List.of(agreement())),
                reader(
                        Language.NOTES,
                        "cosignature-lines",
                        TrustReaders::line,
                        _ -> List.of(text(cosignature()))),
                reader(Language.NOTES, "signed-notes", TrustReaders::note, _ -> List.of(note())),
                reader(
                        Language.NOTES,
                        "proofs",
                        TrustReaders::proofs,
                        _ -> List.of(new byte[16 + 3 * 32])),
                reader(
                        Language.JSON,
                        "enrolment-tokens",
                        TrustReaders::token,
                        _ -> List.of(token())),
                reader(
                        Language.NOTES,
                        "verifying-keys",
                        TrustReaders::key,
                        _ -> List.of(text(KEY.verifyingKey()))),
                reader(
                        Language.NOTES,
                        "certificates",
                        TrustReaders::certificate,
                        TrustReaders::certificates),
                reader(
                        Language.NOTES,
                        "certificate-requests",
                        TrustReaders::request,
                        TrustReaders::requests));
    }

    private static ForeignReader reader(
            Language language,
            String name,
            ForeignReader.Reading reading,
            ForeignReader.Seeds seeds) {
        return new ForeignReader(language, name, "TrustException", reading, seeds);
    }

    private static byte[] text(Object printed) {
        return printed.toString().getBytes(UTF_8);
    }

    private static void envelope(byte[] bytes, Path scratch) {
        Envelope envelope = Envelope.parse(bytes);
        ForeignReader.requireEqual(envelope, Envelope.parse(envelope.bytes()));
        envelope.verify(envelope.payloadType(), KEY.verifyingKey());
    }

    private static byte[] envelope() {
        return Envelope.sign("kind", text("{}"), KEY).bytes();
    }

    private static void replacement(byte[] bytes, Path scratch) {
        Envelope envelope = Envelope.parse(bytes);
        KeyReplacement statement = KeyReplacement.open(envelope, ADA, KEY.verifyingKey());
        if (!statement.member().equals(ADA)) {
            throw new IllegalStateException("the keys of another member: " + statement);
        }
    }

    private static void agreement(byte[] bytes, Path scratch) {
        MoveAgreement agreement = MoveAgreement.parse(bytes);
        ForeignReader.requireEqual(agreement, MoveAgreement.parse(agreement.bytes()));
        agreement.carriedBy(Map.of(ADA, KEY.verifyingKey().value(), BO, "no key"));
    }

    private static byte[] agreement() {
        return MoveAgreement.sign(
                        new CoordinatorMove(
                                "alliance",
                                ORIGIN,
                                9,
                                Digest.of(new byte[0]),
                                KEY.verifyingKey().value(),
                                new Successor(
                                        NEXT.verifyingKey().value(),
                                        "https://hub.example:8443",
                                        Digest.of(new byte[0]))),
                        KEY)
                .bytes();
    }

    /** What a member sends that has co-signed a checkpoint. */
    private static void line(byte[] bytes, Path scratch) {
        SignedNote.Line line = SignedNote.parseLine(new String(bytes, UTF_8));
        ForeignReader.requireEqual(line, SignedNote.parseLine(line.toString()));
        SignedNote note = checkpoint().sign(KEY).with(line);
        Cosignature.verify(note, Cosignature.name(ORIGIN, ADA), KEY.verifyingKey());
    }

    private static SignedNote.Line cosignature() {
        return Cosignature.sign(checkpoint(), Cosignature.name(ORIGIN, ADA), Instant.EPOCH, KEY);
    }

    private static Checkpoint checkpoint() {
        return new Checkpoint(ORIGIN, 7, Digest.of(new byte[0]));
    }

    private static void note(byte[] bytes, Path scratch) {
        SignedNote note = SignedNote.parse(new String(bytes, UTF_8));
        ForeignReader.requireEqual(note, SignedNote.parse(note.toString()));
        Checkpoint checkpoint = Checkpoint.parse(note.text());
        ForeignReader.requireEqual(checkpoint, Checkpoint.parse(checkpoint.text()));
        Checkpoint.verified(note.toString(), ORIGIN, KEY.verifyingKey());
    }

    private static byte[] note() {
        return text(checkpoint().sign(KEY));
    }

    /** Two numbers and hashes: nothing that is made up may ever prove anything. */
    private static void proofs(byte[] bytes, Path scratch) {
        if (bytes.length < 16) {
            return;
        }
        ByteBuffer in = ByteBuffer.wrap(bytes);
        long one = in.getLong();
        long two = in.getLong();
        List<Digest> hashes = new ArrayList<>();
        while (in.remaining() >= 32) {
            byte[] hash = new byte[32];
            in.get(hash);
            hashes.add(Digest.ofHash(hash));
        }
        Digest unknown = Digest.of(text("the root of no tree"));
        Digest other = Digest.of(text("the root of another"));
        if (new InclusionProof(one, two, hashes).proves(text("an entry"), unknown)
                || new ConsistencyProof(one, two, hashes).proves(other, unknown)) {
            throw new IllegalStateException("a made-up proof is believed");
        }
    }

    /** With the right check digits: so that the damage is looked at. */
    private static void token(byte[] bytes, Path scratch) {
        EnrolmentToken.parse(EnrolmentToken.parse(checked(bytes)).text());
    }

    private static String checked(byte[] bytes) {
        String body = "tapestry1." + Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
        return body + "." + Digest.of(body.getBytes(UTF_8)).hex().substring(0, 8);
    }

    private static byte[] token() {
        EnrolmentToken token =
                EnrolmentToken.issue(
                        URI.create("https://hub.example:8443"),
                        Digest.of(new byte[0]),
                        new MemberId("ada"),
                        new SecureRandom());
        String text = token.text();
        return Base64.getUrlDecoder().decode(text.substring(10, text.lastIndexOf('.')));
    }

    private static void key(byte[] bytes, Path scratch) {
        VerifyingKey key;
        try {
            key = new VerifyingKey(new String(bytes, UTF_8));
        } catch (IllegalArgumentException e) {
            // Its readers turn this one into their own.
            throw new TrustException(TrustException.Code.KEY_MALFORMED, "no key", e);
        }
        ForeignReader.requireEqual(key, VerifyingKey.ofRaw(key.raw()));
        key.verifies(bytes, bytes);
    }

    private static void certificate(byte[] bytes, Path scratch) {
        var certificate = Certificates.parse(new String(bytes, ISO_8859_1));
        ForeignReader.requireEqual(certificate, Certificates.parse(Certificates.pem(certificate)));
        Peer.of(certificate);
        Certificates.requireIssued(certificate, certificate);
    }

    private static List<byte[]> certificates(Path scratch) {
        return List.of(text(Certificates.pem(authority(scratch).certificate())));
    }

    private static void request(byte[] bytes, Path scratch) {
        authority(scratch)
                .issue(
                        new String(bytes, ISO_8859_1),
                        new Peer.Member(new MemberId("ada")),
                        List.of(),
                        Instant.now(),
                        Duration.ofDays(1));
    }

    private static List<byte[]> requests(Path scratch) throws IOException {
        return List.of(
                text(KeyAndRequest.createIn(Files.createTempDirectory(scratch, "k")).requestPem()));
    }

    private static CertificateAuthority authority(Path scratch) {
        return AUTHORITIES.computeIfAbsent(
                scratch,
                place ->
                        CertificateAuthority.create(
                                place.resolve("authority"), "alliance", Instant.now()));
    }
}
