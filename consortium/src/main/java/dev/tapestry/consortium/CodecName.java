package dev.tapestry.consortium;

import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The name and version of a codec for updates, such as {@code int4/1}: the same in plans, manifests
 * and coded files. {@code docs/protocol.md} describes the bytes of each.
 *
 * @param value letters and digits, a slash, a number
 */
public record CodecName(String value) {

    private static final Pattern FORM = Pattern.compile("[a-z][a-z0-9]{0,19}/[1-9][0-9]{0,2}");

    /** Those that this version can write and read, the most exact first. */
    public static final List<CodecName> KNOWN =
            Stream.of(
                            "fp32/1",
                            "bf16/1",
                            "int8/1",
                            "e3m0/1",
                            "int4/1",
                            "int2/1",
                            "topk64/1",
                            "topk32/1",
                            "topk16/1")
                    .map(CodecName::new)
                    .toList();

    public CodecName {
        if (!FORM.matcher(value).matches()) {
            throw new IllegalArgumentException(
                    "a codec has a name and a version, such as int4/1, not '" + value + "'");
        }
    }

    /** Whether most coordinates are not sent and decode to exactly 0, as those of top-k. */
    boolean sparse() {
        return value.startsWith("topk");
    }

    @Override
    public String toString() {
        return value;
    }
}
