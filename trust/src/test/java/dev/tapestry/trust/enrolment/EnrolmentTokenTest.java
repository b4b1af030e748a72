package dev.tapestry.trust.enrolment;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.trust.Mutations;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import java.net.URI;
import java.security.SecureRandom;
import java.util.List;
import org.junit.jupiter.api.Test;

class EnrolmentTokenTest {

    private final EnrolmentToken token =
            EnrolmentToken.issue(
                    URI.create("https://coordinator.example:7443"),
                    Digest.of(new byte[] {1}),
                    new MemberId("kyoto"),
                    new SecureRandom());

    @Test
    void a_token_is_one_line_and_comes_back_equal_however_it_was_pasted() {
        assertThat(token.text()).matches("tapestry1\\.[A-Za-z0-9_-]+\\.[0-9a-f]{8}");
        assertThat(EnrolmentToken.parse("  " + token.text() + "\r\n")).isEqualTo(token);
    }

    @Test
    void the_secret_has_256_bits_is_never_the_same_and_shows_itself_nowhere() {
        assertThat(token.secret().value()).hasSize(43);
        assertThat(token.toString()).doesNotContain(token.secret().value());
        EnrolmentToken other =
                EnrolmentToken.issue(
                        token.coordinator(), token.authority(), token.member(), new SecureRandom());
        assertThat(other.secret()).isNotEqualTo(token.secret());
        assertThat(token.secret().digest())
                .isEqualTo(Digest.of(token.secret().value().getBytes(UTF_8)));
    }

    @Test
    void a_token_that_lost_a_character_is_refused_without_repeating_its_secret() {
        String text = token.text();
        for (int i = 0; i < text.length(); i++) {
            String shorter = text.substring(0, i) + text.substring(i + 1);
            assertThatThrownBy(() -> EnrolmentToken.parse(shorter))
                    .isInstanceOfSatisfying(
                            TrustException.class,
                            e -> assertThat(e.code()).isEqualTo(Code.TOKEN_MALFORMED))
                    .hasMessageContaining("copy the whole line again")
                    .hasMessageNotContaining(token.secret().value())
                    .hasNoCause();
        }
    }

    @Test
    void texts_that_are_no_token_are_refused() {
        for (String bad :
                List.of("", "tapestry1.", "tapestry1..", "hello", "tapestry2.e30.00000000")) {
            assertThatThrownBy(() -> EnrolmentToken.parse(bad)).isInstanceOf(TrustException.class);
        }
        assertThatThrownBy(() -> EnrolmentToken.parse("tapestry1." + "A".repeat(1 << 20) + ".0"))
                .isInstanceOf(TrustException.class);
    }

    @Test
    void only_https_addresses_make_a_token() {
        for (String bad : List.of("http://coordinator.example", "https:/nowhere", "file:///x")) {
            assertThatThrownBy(() ->
                            new EnrolmentToken(
                                    URI.create(bad),
                                    token.authority(),
                                    token.member(),
                                    token.secret()))
                    .hasMessageContaining("https");
        }
    }

    @Test
    void spoilt_tokens_are_refused_and_nothing_else_happens() {
        Mutations.onlyTrustExceptions(
                16,
                1_000,
                token.text().getBytes(UTF_8),
                bytes -> EnrolmentToken.parse(new String(bytes, UTF_8)));
    }
}
