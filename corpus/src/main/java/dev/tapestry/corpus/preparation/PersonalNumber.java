package dev.tapestry.corpus.preparation;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Which personal number some digits are, as they are written; of at most 40 characters. */
final class PersonalNumber {

    private static final Pattern CPF = Pattern.compile("\\d{3}\\.\\d{3}\\.\\d{3}-\\d{2}");
    private static final Pattern SOCIAL_SECURITY = Pattern.compile("\\d{3}-\\d{2}-\\d{4}");
    private static final Pattern PERSONNUMMER = Pattern.compile("(\\d{2})?\\d{6}-\\d{4}");
    private static final Pattern ADDRESS = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");
    private static final Pattern ABROAD = Pattern.compile("(\\+|00)[1-9]\\d{0,3}[ ./()-]?.*");

    /** 0 and a prefix, then groups of digits; or the prefix in brackets. */
    private static final Pattern AT_HOME =
            Pattern.compile(
                    "(\\(0[1-9]\\d{0,4}\\)|0[1-9]\\d{0,4})[ /-][ ]?\\d{2,}([ -]\\d{2,}){0,4}");

    private static final Pattern DATE = Pattern.compile("\\d{1,2}([-/. ])\\d{1,2}\\1\\d{4}");

    private static final Pattern CARD =
            Pattern.compile(
                    "\\d{4}([ -]?)\\d{4}\\1\\d{4}\\1\\d{1,7}|\\d{4}([ -]?)\\d{6}\\2\\d{4,5}|\\d{13,19}");
    private static final Pattern NIR =
            Pattern.compile("[12]( ?)\\d{2}\\1\\d{2}\\1\\d{2}\\1\\d{3}\\1\\d{3} ?\\d{2}");

    private PersonalNumber() {}

    static @Nullable PersonalPattern pattern(String written) {
        String digits = digits(written);
        if (digits.length() < 8) {
            return null;
        }
        if (CPF.matcher(written).matches()) {
            return CheckDigits.brazilian(digits) ? PersonalPattern.ID_BR : null;
        }
        if (SOCIAL_SECURITY.matcher(written).matches()) {
            return CheckDigits.american(digits) ? PersonalPattern.ID_US : null;
        }
        if (PERSONNUMMER.matcher(written).matches()) {
            return CheckDigits.swedish(digits) ? PersonalPattern.ID_SE : null;
        }
        if (NIR.matcher(written).matches() && CheckDigits.french(digits)) {
            return PersonalPattern.ID_FR;
        }
        if (CARD.matcher(written).matches() && CheckDigits.card(digits)) {
            return PersonalPattern.CREDIT_CARD;
        }
        if (written.length() == 11 && digits.length() == 11 && CheckDigits.polish(digits)) {
            return PersonalPattern.ID_PL;
        }
        return isPhone(written, digits.length()) ? PersonalPattern.PHONE : null;
    }

    private static boolean isPhone(String written, int digits) {
        if (ABROAD.matcher(written).matches()) {
            // ITU-T E.164: at most 15 digits, the country's included.
            boolean plus = written.startsWith("+");
            return digits >= (plus ? 8 : 10) && digits <= (plus ? 15 : 17);
        }
        return digits <= 13
                && AT_HOME.matcher(written).matches()
                && !DATE.matcher(written).matches();
    }

    /** Whether it is the address of a machine on the public network. */
    static boolean publicAddress(String written) {
        if (!ADDRESS.matcher(written).matches()) {
            return false;
        }
        String[] parts = written.split("\\.", -1);
        int[] numbers = new int[4];
        for (int i = 0; i < 4; i++) {
            numbers[i] = Integer.parseInt(parts[i]);
            if (numbers[i] > 255 || (parts[i].length() > 1 && parts[i].startsWith("0"))) {
                return false;
            }
        }
        return switch (numbers[0]) {
            case 0, 10, 127 -> false;
            case 100 -> numbers[1] < 64 || numbers[1] > 127;
            case 169 -> numbers[1] != 254;
            case 172 -> numbers[1] < 16 || numbers[1] > 31;
            case 192 -> numbers[1] != 168 && !(numbers[1] == 0 && numbers[2] == 2);
            case 198 ->
                    numbers[1] != 18
                            && numbers[1] != 19
                            && !(numbers[1] == 51 && numbers[2] == 100);
            case 203 -> !(numbers[1] == 0 && numbers[2] == 113);
            default -> numbers[0] < 224;
        };
    }

    private static String digits(String written) {
        StringBuilder digits = new StringBuilder(written.length());
        for (int i = 0; i < written.length(); i++) {
            char c = written.charAt(i);
            if (c >= '0' && c <= '9') {
                digits.append(c);
            }
        }
        return digits.toString();
    }
}
