package dev.tapestry.trust.json;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;

/**
 * A double as ECMAScript's {@code Number::toString} writes it, which RFC 8785 §3.2.2.3 prescribes.
 *
 * <p>Both Java (since 19) and ECMAScript choose the shortest decimal that rounds to the double, and
 * the nearest to it among those. They differ in one point: Java never chooses fewer than two
 * digits, so that 4.9E-324 stands where ECMAScript writes 5e-324.
 */
final class EcmaNumber {

    private EcmaNumber() {}

    /** The text of a finite double. */
    static String text(double value) {
        if (value == 0) {
            return "0"; // also for minus zero
        }
        BigDecimal decimal = shortest(Math.abs(value));
        String digits = decimal.unscaledValue().toString();
        int point = digits.length() - decimal.scale(); // value = 0.digits × 10^point
        String sign = value < 0 ? "-" : "";
        if (point >= digits.length() && point <= 21) {
            return sign + digits + "0".repeat(point - digits.length());
        }
        if (point > 0 && point <= 21) {
            return sign + digits.substring(0, point) + "." + digits.substring(point);
        }
        if (point > -6 && point <= 0) {
            return sign + "0." + "0".repeat(-point) + digits;
        }
        String exponent = (point > 0 ? "e+" : "e-") + Math.abs(point - 1);
        return digits.length() == 1
                ? sign + digits + exponent
                : sign + digits.charAt(0) + "." + digits.substring(1) + exponent;
    }

    private static BigDecimal shortest(double value) {
        BigDecimal javas = new BigDecimal(Double.toString(value)).stripTrailingZeros();
        if (javas.precision() == 2) {
            BigDecimal one =
                    new BigDecimal(value).round(new MathContext(1, RoundingMode.HALF_EVEN));
            if (one.doubleValue() == value) {
                return one.stripTrailingZeros();
            }
        }
        return javas;
    }
}
