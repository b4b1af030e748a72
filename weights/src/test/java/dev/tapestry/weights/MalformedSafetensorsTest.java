package dev.tapestry.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.weights.WeightsException.Code;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A corpus of bad files: each is refused with its code, the place and a reason. */
class MalformedSafetensorsTest {

    private static final String A = "'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}";

    @TempDir Path folder;

    static Stream<Arguments> headers() {
        return Stream.of(
                bad("not an object", "[]", 0, Code.HEADER_JSON, "byte 8: ", "begin with '{'"),
                bad("leading space", " {}", 0, Code.HEADER_JSON, "byte 8: ", "begin with '{'"),
                bad("not JSON", "{nonsense}", 0, Code.HEADER_JSON, "byte ", ""),
                bad("unfinished", "{" + A, 8, Code.HEADER_JSON, "byte ", ""),
                bad("two documents", "{" + A + "}{}", 8, Code.HEADER_JSON, "", "follows"),
                bad("NUL padding", "{" + A + "}\0\0", 8, Code.HEADER_JSON, "byte ", ""),
                bad("same name twice", "{" + A + "," + A + "}", 8, Code.HEADER_JSON, "", "'a'"),
                bad("no dtype", entry("'shape':[],'data_offsets':[0,4]"), 4, "needs dtype"),
                bad("no shape", entry("'dtype':'F32','data_offsets':[0,4]"), 4, "needs dtype"),
                bad("no offsets", entry("'dtype':'F32','shape':[]"), 4, "needs dtype"),
                bad("extra field", tensor("'F32'", "[]", "[0,4],'x':1"), 4, "not 'x'"),
                bad("dtype no string", tensor("32", "[]", "[0,4]"), 4, "dtype is a string"),
                bad("shape no array", tensor("'F32'", "1", "[0,4]"), 4, "arrays of integers"),
                bad("shape of strings", tensor("'F32'", "['1']", "[0,4]"), 4, "integers"),
                bad("fractional", tensor("'F32'", "[1.0]", "[0,4]"), 4, "integers"),
                bad("one offset", tensor("'F32'", "[1]", "[4]"), 4, "two data_offsets"),
                bad("three offsets", tensor("'F32'", "[1]", "[0,4,4]"), 4, "at most 2"),
                bad("entry no object", "{'a':7}", 0, "described by an object"),
                bad("17 dimensions", tensor("'F32'", ones(17), "[0,4]"), 4, "at most 16"),
                bad("metadata no object", "{'__metadata__':[]}", 0, "object of strings"),
                bad("metadata number", "{'__metadata__':{'a':1}}", 0, "is a string"),
                bad("metadata nested", "{'__metadata__':{'a':{}}}", 0, "is a string"),
                bad("unknown dtype", tensor("'F64'", "[1]", "[0,8]"), 8, Code.DTYPE, "F64"),
                bad("lower-case dtype", tensor("'f32'", "[1]", "[0,4]"), 4, Code.DTYPE, "f32"),
                bad(
                        "empty name",
                        "{'':{'dtype':'F32','shape':[],'data_offsets':[0,4]}}",
                        4,
                        Code.TENSOR,
                        "1 to 1024"),
                bad("negative dim", tensor("'F32'", "[-1]", "[0,4]"), 4, Code.SHAPE, "negative"),
                bad("shape × dtype", tensor("'F32'", "[2]", "[0,4]"), 4, Code.SHAPE, "has 8 bytes"),
                bad(
                        "overflow",
                        tensor("'F32'", "[4611686018427387904,2]", "[0,4]"),
                        4,
                        Code.SHAPE,
                        "larger than"),
                bad(
                        "beyond 64 bits",
                        tensor("'F32'", "[18446744073709551616]", "[0,4]"),
                        4,
                        Code.HEADER_JSON,
                        "out of range"),
                bad("negative offset", tensor("'F32'", "[1]", "[-4,0]"), 0, Code.OFFSETS, "-4"),
                bad("backwards", tensor("'F32'", "[1]", "[4,0]"), 4, Code.OFFSETS, "4 to 0"),
                bad("late start", tensor("'F32'", "[1]", "[4,8]"), 8, Code.OFFSETS, "a gap"),
                bad("cut off", "{" + A + "}", 7, Code.OFFSETS, "cut off"),
                bad("trailing byte", "{" + A + "}", 9, Code.OFFSETS, "behind it"),
                bad("no tensors, yet data", "{}", 1, Code.OFFSETS, "behind it"),
                bad("gap", two(12, 16), 16, Code.OFFSETS, "a gap"),
                bad("overlap", two(4, 8), 12, Code.OFFSETS, "an overlap"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("headers")
    void a_bad_header_is_refused(
            String story, String header, int dataBytes, Code code, String place, String reason)
            throws IOException {
        byte[] json = header.replace('\'', '"').getBytes(StandardCharsets.UTF_8);
        refused(file(json.length, json, dataBytes), code, place, reason.replace('\'', '"'));
    }

    @Test
    void a_file_shorter_than_its_length_field_is_refused() throws IOException {
        for (int length = 0; length < 8; length++) {
            refused(new byte[length], Code.HEADER_LENGTH, "byte 0: ", "has only " + length);
        }
    }

    @Test
    void an_impossible_header_length_is_refused() throws IOException {
        byte[] json = "{}".getBytes(StandardCharsets.UTF_8);
        refused(file(0, json, 0), Code.HEADER_LENGTH, "byte 0: ", "is 0, not 2 to 100000000");
        refused(file(3, json, 0), Code.HEADER_LENGTH, "byte 0: ", "only 2 bytes follow");
        refused(file(100_000_001, json, 0), Code.HEADER_LENGTH, "byte 0: ", "is 100000001");
        refused(file(-1, json, 0), Code.HEADER_LENGTH, "byte 0: ", "is 18446744073709551615");
    }

    @Test
    void text_that_is_not_utf_8_is_refused_at_its_byte() throws IOException {
        byte[] json = "{\"__metadata__\":{\"k\":\"?\"}}".getBytes(StandardCharsets.UTF_8);
        for (int bad : new int[] {0xff, 0xc0, 0x80, 0xed}) {
            json[22] = (byte) bad;
            refused(file(json.length, json, 0), Code.HEADER_JSON, "byte 30: ", "not UTF-8");
        }
    }

    @Test
    void names_of_the_file_neither_fill_nor_steer_the_terminal() throws IOException {
        String dtype = "\\u001b[31m" + "x".repeat(10_000);
        byte[] json =
                tensor("'" + dtype + "'", "[]", "[0,4]")
                        .replace('\'', '"')
                        .getBytes(StandardCharsets.UTF_8);
        Files.write(folder.resolve("rude"), file(json.length, json, 4));
        assertThatThrownBy(() -> SafetensorsFile.open(folder.resolve("rude")).close())
                .hasMessageContaining("dtype '?[31mxxx")
                .satisfies(e -> assertThat(e.toString()).hasSizeLessThan(1000));
    }

    @Test
    void metadata_larger_than_a_mebibyte_is_refused() throws IOException {
        String value = "x".repeat(600_000);
        byte[] json =
                "{'__metadata__':{'a':'%s','b':'%s'}}"
                        .formatted(value, value)
                        .replace('\'', '"')
                        .getBytes(StandardCharsets.UTF_8);
        refused(file(json.length, json, 0), Code.HEADER_FIELD, "byte ", "more than 1048576");
    }

    @Test
    void a_file_that_is_not_there_is_missing() {
        assertThatThrownBy(() -> SafetensorsFile.open(folder.resolve("absent")))
                .isInstanceOfSatisfying(
                        WeightsException.class,
                        e -> assertThat(e.code()).isEqualTo(Code.MISSING_FILE));
    }

    @Test
    void spaces_behind_the_header_and_any_order_of_entries_are_good() throws IOException {
        String header =
                "{\"b\":{\"dtype\":\"BF16\",\"shape\":[1],\"data_offsets\":[4,6]},"
                        + "\"a\":{\"data_offsets\":[0,4],\"shape\":[],\"dtype\":\"F32\"}}   ";
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        Path path = folder.resolve("good");
        Files.write(path, file(json.length, json, 6));
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertThat(file.tensors().sequencedKeySet()).containsExactly("a", "b");
        }
    }

    private void refused(byte[] bytes, Code code, String place, String reason) throws IOException {
        Path path = folder.resolve("bad.safetensors");
        Files.write(path, bytes);
        assertThatThrownBy(() -> SafetensorsFile.open(path).close())
                .isInstanceOf(WeightsException.class)
                .hasMessageStartingWith(path + ", byte ")
                .hasMessageContaining(place)
                .satisfies(e -> assertThat(e.toString().replace('\'', '"')).contains(reason))
                .satisfies(e -> assertThat(((WeightsException) e).code()).isEqualTo(code));
    }

    private static byte[] file(long length, byte[] json, int dataBytes) {
        var bytes = new ByteArrayOutputStream();
        byte[] prefix = new byte[8];
        ByteBuffer.wrap(prefix).order(ByteOrder.LITTLE_ENDIAN).putLong(length);
        bytes.writeBytes(prefix);
        bytes.writeBytes(json);
        bytes.writeBytes(new byte[dataBytes]);
        return bytes.toByteArray();
    }

    private static String entry(String fields) {
        return "{'a':{" + fields + "}}";
    }

    private static String tensor(String dtype, String shape, String offsets) {
        return entry("'dtype':" + dtype + ",'shape':" + shape + ",'data_offsets':" + offsets);
    }

    private static String two(int begin, int end) {
        return "{"
                + A
                + ",'b':{'dtype':'F32','shape':[1],'data_offsets':["
                + begin
                + ","
                + end
                + "]}}";
    }

    private static String ones(int count) {
        return "[" + "1,".repeat(count - 1) + "1]";
    }

    private static Arguments bad(String story, String header, int data, String reason) {
        return bad(story, header, data, Code.HEADER_FIELD, reason);
    }

    private static Arguments bad(String story, String header, int data, Code code, String reason) {
        return bad(story, header, data, code, "byte ", reason);
    }

    private static Arguments bad(
            String story, String header, int data, Code code, String place, String reason) {
        return Arguments.of(story, header, data, code, place, reason);
    }
}
