package dev.tapestry.corpus.preparation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The examples are those that authorities and standards publish; they belong to nobody. */
final class PersonalScanTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "email|aino.virtanen@example.org",
                "email|a+b_c%d@mail.example.co.uk",
                "phone|+358 40 1234567",
                "phone|+1 (212) 555-0100",
                "phone|0049 30 901820",
                "phone|(030) 90182 123",
                "phone|01 23 45 67 89",
                "phone|030/1234567",
                "iban|DE89370400440532013000",
                "iban|GB82 WEST 1234 5698 7654 32",
                "iban|FI21 1234 5600 0007 85",
                "credit-card|4111 1111 1111 1111",
                "credit-card|5500-0055-5555-5559",
                "credit-card|378282246310005",
                "credit-card|3782 822463 10005",
                "ipv4|8.8.8.8",
                "ipv6|2001:db8::ff00:42:8329",
                "ipv6|2001:0db8:85a3:0000:0000:8a2e:0370:7334",
                "ipv6|fe80::1:2",
                "id-fi|131052-308T",
                "id-es|12345678Z",
                "id-es|X1234567L",
                "id-es|X-1234567-L",
                "id-fr|2 55 08 14 168 025 38",
                "id-it|RSSMRA85T10A562S",
                "id-pl|44051401359",
                "id-se|811228-9874",
                "id-se|19811228-9874",
                "id-br|529.982.247-25",
                "id-us|078-05-1120"
            })
    void each_pattern_is_found_in_a_sentence_and_nothing_else_of_it(String pattern, String value) {
        for (String sentence :
                List.of("%s", "It is %s.", "(%s)", "in 2024, %s, then", "x: %s\n7")) {
            String text = sentence.formatted(value);
            List<PersonalScan.Found> found = new PersonalScan(text).all();
            assertThat(found).as(text).hasSize(1);
            assertThat(found.getFirst().pattern().word()).as(text).isEqualTo(pattern);
            assertThat(text.substring(found.getFirst().start(), found.getFirst().end()))
                    .contains(value.substring(1));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a@b",
                "@override",
                "user@localhost is here",
                "@@@..@@",
                "12.05.2024",
                "01-02-2020",
                "2024-05-12",
                "from 12:30:45 to 13:00",
                "version 1.2.3",
                "127.0.0.1 and 192.168.1.20 and 10.0.0.1",
                "300.1.1.1",
                "1 000 000 people",
                "ISBN 978-3-16-148410-0",
                "DE89370400440532013001",
                "DE8937040044053201300",
                "4111 1111 1111 1112",
                "131052-308U",
                "12345678A",
                "RSSMRA85T10A562T",
                "44051401358",
                "811228-9873",
                "529.982.247-26",
                "000-12-3456",
                "(A6-0104/2006) and A6-0004/2006",
                "std::vector and a::b::c",
                "regulation (EC) No 1907/2006",
                "0, 1, 2, 3, 4, 5"
            })
    void what_only_looks_like_it_is_left_alone(String text) {
        assertThat(new PersonalScan(text).all()).isEmpty();
    }

    @Test
    void several_in_a_row_are_all_found() {
        String text = "a@example.org,b@example.org; 8.8.8.8 +358 40 1234567 4111111111111111";
        assertThat(new PersonalScan(text).all())
                .extracting(PersonalScan.Found::pattern)
                .containsExactly(
                        PersonalPattern.EMAIL,
                        PersonalPattern.EMAIL,
                        PersonalPattern.IPV4,
                        PersonalPattern.PHONE,
                        PersonalPattern.CREDIT_CARD);
    }

    @Test
    void any_text_is_walked_to_its_end_and_finds_do_not_overlap() {
        Random random = new Random(1);
        String letters = "0123456789+-() ./:@abcDEXé中\n";
        for (int round = 0; round < 3000; round++) {
            StringBuilder text = new StringBuilder();
            for (int i = random.nextInt(120); i >= 0; i--) {
                text.append(letters.charAt(random.nextInt(letters.length())));
            }
            int free = 0;
            for (PersonalScan.Found found : new PersonalScan(text.toString()).all()) {
                assertThat(found.start()).as("seed 1: %s", text).isGreaterThanOrEqualTo(free);
                assertThat(found.end()).isGreaterThan(found.start());
                free = found.end();
            }
        }
    }
}
