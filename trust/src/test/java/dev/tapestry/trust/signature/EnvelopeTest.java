package dev.tapestry.trust.signature;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.consortium.MemberId;
import dev.tapestry.trust.Mutations;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import java.math.BigInteger;
import java.security.AlgorithmParameters;
import java.security.KeyFactory;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;

class EnvelopeTest {

    private static final String TYPE = "application/vnd.tapestry.test+json";
    private final SigningKey key = SigningKey.generate();

    record Promise(MemberId by, String what) {}

    @Test
    void the_encoding_is_that_of_the_specification() {
        assertThat(
                        new String(
                                Envelope.preAuthenticationEncoding(
                                        "http://example.com/HelloWorld",
                                        "hello world".getBytes(UTF_8)),
                                UTF_8))
                .isEqualTo("DSSEv1 29 http://example.com/HelloWorld 11 hello world");
        assertThat(new String(Envelope.preAuthenticationEncoding("", new byte[0]), UTF_8))
                .isEqualTo("DSSEv1 0  0 ");
        assertThat(new String(Envelope.preAuthenticationEncoding("ö", new byte[0]), UTF_8))
                .isEqualTo("DSSEv1 2 ö 0 ");
    }

    /** The specification's published signature is ECDSA on P-256; our encoding must fit it. */
    @Test
    void the_signature_published_with_the_specification_fits_our_encoding() throws Exception {
        AlgorithmParameters p256 = AlgorithmParameters.getInstance("EC");
        p256.init(new ECGenParameterSpec("secp256r1"));
        ECPoint point =
                new ECPoint(
                        new BigInteger(
                                "46950820868899156662930047687818585632848591499744589407958293238635476079160"),
                        new BigInteger(
                                "5640078356564379163099075877009565129882514886557779369047442380624545832820"));
        Signature verifier = Signature.getInstance("SHA256withECDSAinP1363Format");
        verifier.initVerify(
                KeyFactory.getInstance("EC")
                        .generatePublic(
                                new ECPublicKeySpec(
                                        point, p256.getParameterSpec(ECParameterSpec.class))));
        verifier.update(
                Envelope.preAuthenticationEncoding(
                        "http://example.com/HelloWorld", "hello world".getBytes(UTF_8)));
        assertThat(
                        verifier.verify(
                                Base64.getDecoder()
                                        .decode(
                                                "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA==")))
                .isTrue();
    }

    @Test
    void a_document_comes_out_as_it_was_sealed() {
        Promise promise = new Promise(new MemberId("kyoto"), "to train");
        Envelope envelope = Envelope.parse(Envelope.seal(TYPE, promise, key).bytes());
        assertThat(envelope.open(TYPE, key.verifyingKey(), Promise.class)).isEqualTo(promise);
        assertThat(new String(envelope.bytes(), UTF_8))
                .startsWith("{\"payload\":\"")
                .contains("\"signatures\":[{\"keyid\":\"" + key.verifyingKey().keyid() + "\"");
    }

    @Test
    void a_document_of_another_kind_is_not_accepted_in_its_place() {
        Envelope envelope =
                Envelope.sign("application/vnd.tapestry.score+json", new byte[] {1}, key);
        refused(envelope, key.verifyingKey(), Code.WRONG_PAYLOAD_TYPE);
        Envelope renamed = new Envelope(envelope.payload(), TYPE, envelope.signatures());
        refused(renamed, key.verifyingKey(), Code.SIGNATURE_INVALID);
    }

    @Test
    void a_changed_document_a_strangers_signature_and_a_borrowed_keyid_are_told_apart() {
        Envelope good = Envelope.sign(TYPE, "pay 1".getBytes(UTF_8), key);
        String other = Base64.getEncoder().encodeToString("pay 9".getBytes(UTF_8));
        refused(
                new Envelope(other, TYPE, good.signatures()),
                key.verifyingKey(),
                Code.SIGNATURE_INVALID);
        refused(good, SigningKey.generate().verifyingKey(), Code.SIGNATURE_MISSING);
        String foreign =
                Envelope.sign(TYPE, "pay 1".getBytes(UTF_8), SigningKey.generate())
                        .signatures()
                        .getFirst()
                        .sig();
        refused(
                new Envelope(
                        good.payload(),
                        TYPE,
                        List.of(new Envelope.Signature(key.verifyingKey().keyid(), foreign))),
                key.verifyingKey(),
                Code.SIGNATURE_INVALID);
    }

    @Test
    void two_can_sign_and_a_wrong_keyid_hides_nothing() {
        SigningKey second = SigningKey.generate();
        Envelope both = Envelope.sign(TYPE, new byte[] {5}, key).countersign(second);
        assertThat(both.verify(TYPE, key.verifyingKey())).containsExactly(5);
        assertThat(both.verify(TYPE, second.verifyingKey())).containsExactly(5);
        Envelope renamed =
                new Envelope(
                        both.payload(),
                        TYPE,
                        both.signatures().stream()
                                .map(s -> new Envelope.Signature("?", s.sig()))
                                .toList());
        assertThat(renamed.verify(TYPE, second.verifyingKey())).containsExactly(5);
    }

    @Test
    void both_alphabets_of_base64_are_read() {
        byte[] body = {(byte) 0xfb, (byte) 0xff, (byte) 0xfe};
        Envelope good = Envelope.sign(TYPE, body, key);
        assertThat(good.payload()).isEqualTo("+//+");
        assertThat(new Envelope("-__-", TYPE, good.signatures()).verify(TYPE, key.verifyingKey()))
                .isEqualTo(body);
    }

    @Test
    void envelopes_that_are_none_are_refused() {
        for (String bad :
                List.of(
                        "",
                        "[]",
                        "{}",
                        "{\"payload\":\"\",\"payloadType\":\"t\",\"signatures\":[]}",
                        "{\"payload\":\"\",\"payloadType\":\"t\",\"signatures\":[{\"sig\":\"\"}]}",
                        "{\"payload\":1,\"payloadType\":\"t\",\"signatures\":[{\"keyid\":\"\",\"sig\":\"\"}]}")) {
            assertThatThrownBy(() -> Envelope.parse(bad.getBytes(UTF_8)))
                    .isInstanceOfSatisfying(
                            TrustException.class,
                            e -> assertThat(e.code()).isEqualTo(Code.ENVELOPE_MALFORMED));
        }
    }

    @Test
    void spoilt_envelopes_are_refused_and_nothing_else_happens() {
        byte[] good = Envelope.seal(TYPE, new Promise(new MemberId("a"), "x"), key).bytes();
        Mutations.onlyTrustExceptions(
                12,
                500,
                good,
                bytes -> Envelope.parse(bytes).open(TYPE, key.verifyingKey(), Promise.class));
    }

    private static void refused(Envelope envelope, VerifyingKey key, Code code) {
        assertThatThrownBy(() -> envelope.verify(TYPE, key))
                .isInstanceOfSatisfying(
                        TrustException.class, e -> assertThat(e.code()).isEqualTo(code));
    }
}
