package dev.tapestry.node.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.consortium.Digest;
import dev.tapestry.training.Precision;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.signature.Envelope;
import dev.tapestry.trust.signature.SigningKey;
import dev.tapestry.trust.signature.VerifyingKey;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Signed results, and what people do to them. */
class EvidenceTest {

    private static final SigningKey KEY = SigningKey.generate();
    private static final EvaluationResult RESULT =
            new EvaluationResult(
                    Digest.of(new byte[] {1}),
                    EvaluationResult.RUNNER,
                    Precision.FP32,
                    1,
                    "plain",
                    Optional.empty(),
                    List.of(
                            new SuiteResult(
                                    "exam",
                                    Digest.of(new byte[] {2}),
                                    "CC0-1.0",
                                    List.of(
                                            TaskResult.of(
                                                    "terms",
                                                    "multiple-choice",
                                                    List.of(
                                                            Metric.plain(
                                                                    "acc",
                                                                    0.25,
                                                                    4,
                                                                    Metric.Better.HIGHER)))))));

    @Test
    void signed_results_come_back_as_they_were() {
        byte[] file = Evidence.sign(RESULT, KEY).bytes();
        assertThat(Evidence.open(file, Optional.empty()).result()).isEqualTo(RESULT);
        assertThat(Evidence.open(file, Optional.of(KEY.verifyingKey())).key())
                .isEqualTo(KEY.verifyingKey());
    }

    @Test
    void a_figure_that_was_made_better_afterwards_is_found_out() {
        Envelope signed = Evidence.sign(RESULT, KEY);
        String better =
                new String(Base64.getDecoder().decode(signed.payload()), StandardCharsets.UTF_8)
                        .replace("0.25", "0.95");
        Envelope forged =
                new Envelope(
                        Base64.getEncoder().encodeToString(better.getBytes(StandardCharsets.UTF_8)),
                        signed.payloadType(),
                        signed.signatures());
        refused(Code.SIGNATURE_INVALID, forged.bytes(), Optional.empty());
    }

    @Test
    void somebody_else_s_word_is_not_taken_for_the_member_s() {
        SigningKey other = SigningKey.generate();
        byte[] theirs = Evidence.sign(RESULT, other).bytes();
        refused(Code.SIGNATURE_MISSING, theirs, Optional.of(KEY.verifyingKey()));
        // Signed by another than the key that it names.
        byte[] borrowed =
                Envelope.seal(
                                Evidence.TYPE,
                                new Evidence.Statement(KEY.verifyingKey(), RESULT),
                                other)
                        .bytes();
        refused(Code.SIGNATURE_MISSING, borrowed, Optional.empty());
        refused(Code.SIGNATURE_MISSING, borrowed, Optional.of(other.verifyingKey()));
        byte[] otherKind =
                Envelope.seal(
                                "application/x",
                                new Evidence.Statement(KEY.verifyingKey(), RESULT),
                                KEY)
                        .bytes();
        refused(Code.WRONG_PAYLOAD_TYPE, otherKind, Optional.empty());
        refused(Code.ENVELOPE_MALFORMED, CanonicalJson.write(RESULT), Optional.empty());
    }

    private static void refused(Code code, byte[] file, Optional<VerifyingKey> key) {
        assertThatThrownBy(() -> Evidence.open(file, key))
                .isInstanceOfSatisfying(
                        TrustException.class, e -> assertThat(e.code()).isEqualTo(code));
    }
}
