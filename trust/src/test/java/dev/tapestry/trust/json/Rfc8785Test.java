package dev.tapestry.trust.json;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.trust.TrustException;
import java.math.BigDecimal;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The examples of RFC 8785 itself. */
class Rfc8785Test {

    @ParameterizedTest
    @CsvSource({
        "0000000000000000, 0",
        "8000000000000000, 0",
        "0000000000000001, 5e-324",
        "8000000000000001, -5e-324",
        "7fefffffffffffff, 1.7976931348623157e+308",
        "ffefffffffffffff, -1.7976931348623157e+308",
        "4340000000000000, 9007199254740992",
        "c340000000000000, -9007199254740992",
        "4430000000000000, 295147905179352830000",
        "44b52d02c7e14af5, 9.999999999999997e+22",
        "44b52d02c7e14af6, 1e+23",
        "44b52d02c7e14af7, 1.0000000000000001e+23",
        "444b1ae4d6e2ef4e, 999999999999999700000",
        "444b1ae4d6e2ef4f, 999999999999999900000",
        "444b1ae4d6e2ef50, 1e+21",
        "3eb0c6f7a0b5ed8c, 9.999999999999997e-7",
        "3eb0c6f7a0b5ed8d, 0.000001",
        "41b3de4355555553, 333333333.3333332",
        "41b3de4355555554, 333333333.33333325",
        "41b3de4355555555, 333333333.3333333",
        "41b3de4355555556, 333333333.3333334",
        "41b3de4355555557, 333333333.33333343",
        "becbf647612f3696, -0.0000033333333333333333",
        "43143ff3c1cb0959, 1424953923781206.2",
    })
    void numbers_of_appendix_b(String bits, String expected) {
        assertThat(EcmaNumber.text(Double.longBitsToDouble(Long.parseUnsignedLong(bits, 16))))
                .isEqualTo(expected);
    }

    @Test
    void every_number_reads_back_as_itself_and_is_as_short_as_javas() {
        long seed = 8785;
        Random random = new Random(seed);
        for (int i = 0; i < 10_000; i++) {
            long bits = i % 5 == 0 ? random.nextLong(4096) : random.nextLong();
            double value = Double.longBitsToDouble(bits);
            if (Double.isFinite(value)) {
                String text = EcmaNumber.text(value);
                assertThat(Double.parseDouble(text)).as("seed %d", seed).isEqualTo(value + 0.0);
            }
        }
        for (int i = -400; i < 400; i++) {
            double value = i / 100.0;
            assertThat(EcmaNumber.text(value))
                    .isEqualTo(
                            new BigDecimal(i)
                                    .movePointLeft(2)
                                    .stripTrailingZeros()
                                    .toPlainString());
        }
    }

    @Test
    void members_are_sorted_as_in_section_3_2_3() {
        String input =
                """
                {
                  "\\u20ac": "Euro Sign",
                  "\\r": "Carriage Return",
                  "\\ufb33": "Hebrew Letter Dalet With Dagesh",
                  "1": "One",
                  "\\ud83d\\ude00": "Emoji: Grinning Face",
                  "\\u0080": "Control",
                  "\\u00f6": "Latin Small Letter O With Diaeresis"
                }
                """;
        assertThat(canonical(input))
                .isEqualTo(
                        "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u0080\":\"Control\","
                                + "\"ö\":\"Latin Small Letter O With Diaeresis\","
                                + "\"€\":\"Euro Sign\",\"😀\":\"Emoji: Grinning Face\","
                                + "\"\ufb33\":\"Hebrew Letter Dalet With Dagesh\"}");
    }

    @Test
    void the_sample_of_section_3_2_2_comes_out() {
        String input =
                """
                {
                  "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
                  "string": "\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\"\\/",
                  "literals": [null, true, false]
                }
                """;
        assertThat(canonical(input))
                .isEqualTo(
                        "{\"literals\":[null,true,false],"
                                + "\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
                                + "\"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"a\":1,\"a\":2} | Duplicate",
                "{} {} | more after",
                "{\"a\":1}x | Unrecognized",
                "{\"a\":NaN} | NaN",
                "[1e400] | too large",
                "[01] | zero",
                "[\"\\ud800\"] | surrogate",
                "{\"\\udc00x\":1} | surrogate",
                "[1,] | ]",
                "{\"a\":1,} | line 1",
                "{'a':1} | line 1",
                "[1 /* no */] | line 1",
                "[+1] | line 1",
                "[.5] | line 1",
                "[1.] | line 1",
                "[\"a\tb\"] | line 1",
                "{ | line 1",
                "nul | line 1",
            })
    void what_is_not_i_json_is_refused_with_the_reason(String document, String reason) {
        assertThatThrownBy(() -> JsonBytes.read(document.getBytes(UTF_8)))
                .isInstanceOf(TrustException.class)
                .hasMessageContaining(reason);
    }

    @Test
    void empty_deep_and_wrongly_encoded_documents_are_refused() {
        refused(new byte[0], "empty");
        refused("[".repeat(70).getBytes(UTF_8), "64");
        refused(new byte[] {'"', (byte) 0xC0, (byte) 0x80, '"'}, "UTF-8");
        refused(new byte[] {'"', (byte) 0xED, (byte) 0xA0, (byte) 0x80, '"'}, "UTF-8");
        refused("\uFEFF{}".getBytes(UTF_8), "line 1");
    }

    private static void refused(byte[] document, String reason) {
        assertThatThrownBy(() -> JsonBytes.read(document))
                .isInstanceOf(TrustException.class)
                .hasMessageContaining(reason);
    }

    private static String canonical(String json) {
        return new String(JsonBytes.write(JsonBytes.read(json.getBytes(UTF_8))), UTF_8);
    }
}
