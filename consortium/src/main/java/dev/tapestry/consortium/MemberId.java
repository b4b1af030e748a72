package dev.tapestry.consortium;

import java.util.regex.Pattern;

/**
 * The name of a member, as it stands in certificates, manifests and the log.
 *
 * @param value 1 to 63 characters of {@code a-z 0-9 -}, beginning with a letter or digit
 */
public record MemberId(String value) implements Comparable<MemberId> {

    private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9-]{0,62}");

    public MemberId {
        if (!NAME.matcher(value).matches()) {
            throw new IllegalArgumentException(
                    "a member id is 1 to 63 of a-z, 0-9 and '-', beginning with a letter or digit;"
                            + " not '"
                            + value
                            + "'");
        }
    }

    @Override
    public int compareTo(MemberId other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
