package dev.tapestry.corpus.preparation;

import java.util.HashMap;
import java.util.Map;

/** Whether numbers that identify somebody are well formed: lengths, dates and check digits. */
final class CheckDigits {

    /** No country's is longer (ISO 13616). */
    static final int LONGEST_IBAN = 34;

    /** The lengths of the countries' IBANs, from SWIFT's registry. */
    private static final Map<String, Integer> IBAN_LENGTHS =
            lengths(
                    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24"
                            + " DE22 DK18 DO28 EE20 EG29 ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18"
                            + " GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28"
                            + " LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30"
                            + " NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19"
                            + " SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20");

    private static final String FINNISH = "0123456789ABCDEFHJKLMNPRSTUVWXY";
    private static final String SPANISH = "TRWAGMYFPDXBNJZSQVHLCKE";
    private static final int[] POLISH = {1, 3, 7, 9, 1, 3, 7, 9, 1, 3};

    /** What a character in an odd place of a codice fiscale counts, from 0 and from A. */
    private static final int[] ITALIAN_ODD = {
        1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23
    };

    private CheckDigits() {}

    private static Map<String, Integer> lengths(String table) {
        Map<String, Integer> lengths = new HashMap<>();
        for (String entry : table.split(" ", -1)) {
            lengths.put(entry.substring(0, 2), Integer.valueOf(entry.substring(2)));
        }
        return Map.copyOf(lengths);
    }

    /** How long an IBAN that begins here would be; 0 if none begins. */
    static int ibanLength(String text, int at) {
        if (at + 4 > text.length()
                || !Character.isDigit(text.charAt(at + 2))
                || !Character.isDigit(text.charAt(at + 3))) {
            return 0;
        }
        return IBAN_LENGTHS.getOrDefault(text.substring(at, at + 2), 0);
    }

    /** ISO 7064, MOD 97-10, with the first four characters moved to the end. */
    static boolean iban(CharSequence iban) {
        int rest = 0;
        for (int i = 0; i < iban.length(); i++) {
            int value = Character.digit(iban.charAt((i + 4) % iban.length()), 36);
            rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
        }
        return rest == 1;
    }

    /** Luhn's, of an issuer's number. */
    static boolean card(String digits) {
        int first = digits.charAt(0) - '0';
        return digits.length() >= 13
                && digits.length() <= 19
                && first >= 2
                && first <= 6
                && luhn(digits);
    }

    /** Sweden: six or eight digits of a birthday, four more, the last one Luhn's. */
    static boolean swedish(String digits) {
        String ten = digits.substring(digits.length() - 10);
        int day = number(ten, 4, 6);
        // Coordination numbers have 60 added to the day.
        return isDate(number(ten, 2, 4), day > 60 ? day - 60 : day) && luhn(ten);
    }

    /** Finland: ddmmyy, a sign for the century, three digits, a character modulo 31. */
    static boolean finnish(String id) {
        if (!allDigits(id, 0, 6) || !allDigits(id, 7, 10)) {
            return false;
        }
        boolean century = "+-ABCDEFUVWXY".indexOf(id.charAt(6)) >= 0;
        int number = number(id, 0, 6) * 1000 + number(id, 7, 10);
        return century
                && isDate(number(id, 2, 4), number(id, 0, 2))
                && FINNISH.charAt(number % 31) == id.charAt(10);
    }

    /** Spain: eight digits, or X, Y or Z and seven, and a letter modulo 23. */
    static boolean spanish(String id) {
        int foreigner = "XYZ".indexOf(id.charAt(0));
        int from = foreigner < 0 ? 0 : 1;
        if (!allDigits(id, from, 8)) {
            return false;
        }
        int number = number(id, from, 8) + Math.max(0, foreigner) * 10_000_000;
        return SPANISH.charAt(number % 23) == id.charAt(8);
    }

    /** France: thirteen digits and their complement modulo 97; the month is one. */
    static boolean french(String digits) {
        int month = number(digits, 3, 5);
        boolean known = (month >= 1 && month <= 12) || (month >= 20 && month <= 42) || month >= 50;
        long number = Long.parseLong(digits.substring(0, 13));
        return known && 97 - number % 97 == number(digits, 13, 15);
    }

    /** Italy: letters of names, a birthday, a place, and a letter modulo 26. */
    static boolean italian(String code) {
        for (int i = 0; i < 16; i++) {
            boolean digit = i == 6 || i == 7 || i == 9 || i == 10 || (i >= 12 && i <= 14);
            char c = code.charAt(i);
            if (digit ? !(c >= '0' && c <= '9') : !(c >= 'A' && c <= 'Z')) {
                return false;
            }
        }
        int sum = 0;
        for (int i = 0; i < 15; i++) {
            char c = code.charAt(i);
            int value = c <= '9' ? c - '0' : c - 'A';
            sum += i % 2 == 0 ? ITALIAN_ODD[value] : value;
        }
        return code.charAt(15) == 'A' + sum % 26;
    }

    /** Poland: a birthday whose month also tells the century, and a weighted sum. */
    static boolean polish(String digits) {
        int sum = 0;
        for (int i = 0; i < 10; i++) {
            sum += POLISH[i] * (digits.charAt(i) - '0');
        }
        return isDate(number(digits, 2, 4) % 20, number(digits, 4, 6))
                && (10 - sum % 10) % 10 == digits.charAt(10) - '0';
    }

    /** Brazil: two check digits modulo 11; eleven equal digits are nobody's. */
    static boolean brazilian(String digits) {
        return digits.chars().distinct().count() > 1
                && brazilian(digits, 9) == digits.charAt(9) - '0'
                && brazilian(digits, 10) == digits.charAt(10) - '0';
    }

    private static int brazilian(String digits, int count) {
        int sum = 0;
        for (int i = 0; i < count; i++) {
            sum += (count + 1 - i) * (digits.charAt(i) - '0');
        }
        return sum * 10 % 11 % 10;
    }

    /**
     * The United States: areas 000, 666 and from 900, group 00 and serial 0000 were never given.
     */
    static boolean american(String digits) {
        int area = number(digits, 0, 3);
        return area != 0
                && area != 666
                && area < 900
                && number(digits, 3, 5) != 0
                && number(digits, 5, 9) != 0;
    }

    private static boolean luhn(String digits) {
        int sum = 0;
        for (int i = 0; i < digits.length(); i++) {
            int digit = digits.charAt(digits.length() - 1 - i) - '0';
            int value = i % 2 == 0 ? digit : 2 * digit;
            sum += value > 9 ? value - 9 : value;
        }
        return sum % 10 == 0;
    }

    private static boolean isDate(int month, int day) {
        return month >= 1 && month <= 12 && day >= 1 && day <= 31;
    }

    private static boolean allDigits(String text, int from, int to) {
        for (int i = from; i < to; i++) {
            if (text.charAt(i) < '0' || text.charAt(i) > '9') {
                return false;
            }
        }
        return true;
    }

    private static int number(String digits, int from, int to) {
        int number = 0;
        for (int i = from; i < to; i++) {
            number = number * 10 + digits.charAt(i) - '0';
        }
        return number;
    }
}
