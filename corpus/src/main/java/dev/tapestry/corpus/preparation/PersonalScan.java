package dev.tapestry.corpus.preparation;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One walk over a text that stops where personal data can begin: at {@code @}, at a digit, plus or
 * bracket, and at a letter that a number may follow. No regular expression is run, so that time
 * grows with the text alone, whatever is in it. For one text and one thread.
 */
final class PersonalScan {

    private static final int MOST_LOCAL = 64;
    private static final int MOST_DOMAIN = 253;
    private static final int MOST_NUMBER = 40;

    private final String text;
    private final List<Found> found = new ArrayList<>(0);
    private int free;

    PersonalScan(String text) {
        this.text = text;
    }

    /** Where something stands. */
    record Found(PersonalPattern pattern, int start, int end) {}

    /** Everything in the text, from left to right, without overlaps. */
    List<Found> all() {
        int length = text.length();
        for (int i = 0; i < length; i++) {
            char c = text.charAt(i);
            if (c > '@' || c < '(') {
                // Letters begin what holds digits too, and words that hold none are passed by.
                if (isLetter(c)) {
                    i = Math.max(i, letters(i));
                }
                continue;
            }
            if (c == '@') {
                i = Math.max(i, email(i));
            } else if ((isDigit(c) || c == '+' || c == '(') && begins(i)) {
                i = Math.max(i, number(i));
            }
        }
        return found;
    }

    private int keep(PersonalPattern pattern, int start, int end) {
        if (start < free) {
            return -1;
        }
        found.add(new Found(pattern, start, end));
        free = end;
        return end - 1;
    }

    /** An address on both sides of {@code @}. */
    private int email(int at) {
        int start = at;
        while (start > free && at - start < MOST_LOCAL && isLocal(text.charAt(start - 1))) {
            start--;
        }
        while (start < at && text.charAt(start) == '.') {
            start++;
        }
        int end = at + 1;
        int dot = -1;
        while (end < text.length() && end - at < MOST_DOMAIN && isDomain(text.charAt(end))) {
            if (text.charAt(end) == '.') {
                if (text.charAt(end - 1) == '.' || end == at + 1) {
                    break;
                }
                dot = end;
            }
            end++;
        }
        // A full stop after an address ends the sentence.
        while (end > at + 1 && !isAlphanumeric(text.charAt(end - 1))) {
            end--;
            dot = dot >= end ? text.lastIndexOf('.', end - 1) : dot;
        }
        boolean whole =
                start < at && dot > at + 1 && end - dot > 2 && isLetter(text.charAt(dot + 1));
        return whole ? keep(PersonalPattern.EMAIL, start, end) : -1;
    }

    /** A word that begins with a letter; what is passed by holds nothing. */
    private int letters(int start) {
        int end = start + 1;
        int digits = 0;
        boolean colon = false;
        while (end < text.length()) {
            char c = text.charAt(end);
            if (isDigit(c)) {
                digits++;
            } else if (c == ':') {
                colon = true;
                break;
            } else if (!isLetter(c)) {
                break;
            }
            end++;
        }
        if (colon && end - start <= 4) {
            int address = ipv6(start);
            if (address > 0) {
                return keep(PersonalPattern.IPV6, start, address);
            }
        }
        if (digits < 2) {
            if (digits == 0 && end == start + 1) {
                return spanishForeigner(start);
            }
            return end - 1;
        }
        int iban = iban(start);
        if (iban > 0) {
            return keep(PersonalPattern.IBAN, start, iban);
        }
        String word = text.substring(start, Math.min(end, start + 17));
        if (word.length() == 16 && CheckDigits.italian(word)) {
            return keep(PersonalPattern.ID_IT, start, end);
        }
        if (word.length() == 9 && CheckDigits.spanish(word)) {
            return keep(PersonalPattern.ID_ES, start, end);
        }
        return end - 1;
    }

    /** X-1234567-L, as a NIE is also written. */
    private int spanishForeigner(int start) {
        if (text.startsWith("-", start + 1) && start + 11 <= text.length() && ends(start + 11)) {
            String word = text.substring(start, start + 11).replace("-", "");
            if (word.length() == 9 && CheckDigits.spanish(word)) {
                return keep(PersonalPattern.ID_ES, start, start + 11);
            }
        }
        return start;
    }

    /** Where the IBAN that starts here ends; 0 if there is none. */
    private int iban(int start) {
        StringBuilder value = new StringBuilder(CheckDigits.LONGEST_IBAN);
        int at = start;
        int wanted = CheckDigits.ibanLength(text, start);
        while (wanted > 0 && at < text.length() && value.length() < wanted) {
            char c = text.charAt(at);
            if (isDigit(c) || (c >= 'A' && c <= 'Z')) {
                value.append(c);
            } else if (c != ' ' || value.length() % 4 != 0) {
                return 0;
            }
            at++;
        }
        boolean whole = wanted > 0 && value.length() == wanted && ends(at);
        return whole && CheckDigits.iban(value) ? at : 0;
    }

    /** Digits with what people write between them. */
    private int number(int start) {
        int address = ipv6(start);
        if (address > 0) {
            return keep(PersonalPattern.IPV6, start, address);
        }
        int end = start;
        int last = start;
        int digits = 0;
        while (end < text.length() && end - start < MOST_NUMBER) {
            char c = text.charAt(end);
            if (isDigit(c)) {
                digits++;
                last = end + 1;
            } else if (!(isSeparator(c) && separates(end)) && !(end == start && c == '+')) {
                break;
            }
            end++;
        }
        // What a bracket opens may be anything.
        boolean bracket = text.charAt(start) == '(';
        if (digits < 4) {
            return digits == 0 || bracket ? start : last - 1;
        }
        // Numbers that follow each other look like one: the longest that is one counts.
        for (int stop = last; stop > start; stop = text.lastIndexOf(' ', stop - 1)) {
            Found one = judged(start, stop);
            if (one != null) {
                return keep(one.pattern(), one.start(), one.end());
            }
        }
        if (bracket) {
            return start;
        }
        int space = text.indexOf(' ', start);
        return space > start && space < last ? space : last - 1;
    }

    private @Nullable Found judged(int start, int end) {
        String written = text.substring(start, end);
        if (PersonalNumber.publicAddress(written) && ends(end)) {
            return new Found(PersonalPattern.IPV4, start, end);
        }
        // Ids whose last character, or one in the middle, may be a letter.
        int word = end;
        while (word < text.length() && word - start < 12 && isAlphanumeric(text.charAt(word))) {
            word++;
        }
        if (word > end || written.length() < 12) {
            String whole = text.substring(start, word);
            if (whole.length() == 11 && CheckDigits.finnish(whole)) {
                return new Found(PersonalPattern.ID_FI, start, word);
            }
            if (whole.length() == 9 && CheckDigits.spanish(whole)) {
                return new Found(PersonalPattern.ID_ES, start, word);
            }
        }
        if (!ends(end)) {
            return null;
        }
        PersonalPattern pattern = PersonalNumber.pattern(written);
        // A document's number, or its end: A6-0104/2006.
        boolean goesOn = start > 0 && "-/._".indexOf(text.charAt(start - 1)) >= 0;
        if (pattern == null || (goesOn && pattern == PersonalPattern.PHONE)) {
            return null;
        }
        return new Found(pattern, start, end);
    }

    /** Where the IPv6 address that starts here ends; 0 if there is none. */
    private int ipv6(int start) {
        // Most numbers are none: a colon comes within the first group.
        int colon = text.indexOf(':', start, Math.min(text.length(), start + 5));
        if (colon < 0) {
            return 0;
        }
        int end = start;
        int groups = 0;
        int inGroup = 0;
        int gaps = 0;
        while (end < text.length() && end - start < MOST_NUMBER) {
            char c = text.charAt(end);
            if (Character.digit(c, 16) >= 0 && c < 0x80) {
                inGroup++;
            } else if (c == ':') {
                if (end > start && text.charAt(end - 1) == ':') {
                    gaps++;
                }
                groups += inGroup > 0 ? 1 : 0;
                if (inGroup > 4) {
                    return 0;
                }
                inGroup = 0;
            } else {
                break;
            }
            end++;
        }
        if (inGroup == 0 || inGroup > 4 || !ends(end)) {
            return 0;
        }
        groups++;
        boolean whole = gaps == 0 ? groups == 8 : gaps == 1 && groups >= 3 && groups < 8;
        return whole ? end : 0;
    }

    /** Nothing that belongs to a longer word or number stands before. */
    private boolean begins(int at) {
        return at == 0 || !isAlphanumeric(text.charAt(at - 1));
    }

    /** The same behind. */
    private boolean ends(int at) {
        return at >= text.length() || !isAlphanumeric(text.charAt(at));
    }

    /** A separator counts where a digit or a bracket follows. */
    private boolean separates(int at) {
        if (at + 1 >= text.length()) {
            return false;
        }
        char next = text.charAt(at + 1);
        return isDigit(next) || next == '(' || (text.charAt(at) == ')' && next == ' ');
    }

    private static boolean isSeparator(char c) {
        return c == ' ' || c == '-' || c == '.' || c == '/' || c == '(' || c == ')';
    }

    private static boolean isLocal(char c) {
        return isAlphanumeric(c) || c == '.' || c == '_' || c == '%' || c == '+' || c == '-';
    }

    private static boolean isDomain(char c) {
        return isAlphanumeric(c) || c == '.' || c == '-';
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    private static boolean isLetter(char c) {
        return (c >= 'a' && c <= 'z')
                || (c >= 'A' && c <= 'Z')
                || (c >= 0xc0 && Words.kindOf(c) == 1);
    }

    private static boolean isAlphanumeric(char c) {
        return isDigit(c) || isLetter(c);
    }
}
