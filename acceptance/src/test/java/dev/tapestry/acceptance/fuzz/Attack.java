package dev.tapestry.acceptance.fuzz;

import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Bytes that were thought out to harm a reader, and how it refuses them.
 *
 * @param reader which one
 * @param name what is tried
 * @param content the bytes
 * @param code with which it is refused
 */
record Attack(String reader, String name, ByteBuffer content, String code) {

    private static final String MALFORMED = "DOCUMENT_MALFORMED";
    private static final int DEEP = 100_000;

    /** All attacks on the reader of this name. */
    static List<Attack> on(String reader) {
        return all().stream().filter(attack -> attack.reader.equals(reader)).toList();
    }

    static List<Attack> all() {
        List<Attack> attacks = new ArrayList<>();
        for (String reader : List.of("requests", "replies", "move-statements", "log-entries")) {
            json(reader, MALFORMED, attacks);
        }
        for (String reader : List.of("envelopes", "key-replacements", "move-agreements")) {
            json(reader, "ENVELOPE_MALFORMED", attacks);
        }
        json("evaluation-evidence", "ENVELOPE_MALFORMED", attacks);
        json("suite-items", "CONFIG_INVALID", attacks);
        json("box-labels", "NOT_A_BOX", attacks);
        for (String reader : List.of("box-jobs", "box-plans", "box-scores", "box-inventories")) {
            json(reader, "BOX_DAMAGED", attacks);
        }
        carried(attacks);
        bundles(attacks);
        json("enrolment-tokens", "TOKEN_MALFORMED", attacks);
        json("trainer-done", "TRAINER_OUTPUT", attacks);
        json("trainer-job", "CONFIG_INVALID", attacks);
        json("shard-index", "INDEX", attacks);
        inventories(attacks);
        attacks.add(text("model-config", "arrays without end", "[".repeat(DEEP), "UNSUPPORTED"));
        attacks.add(
                text("model-config", "a file of megabytes", " ".repeat(3 << 20), "UNSUPPORTED"));
        json("tokenizers", "TOKENIZER_INVALID", attacks);
        signed(attacks);
        yaml("charter-yaml", MALFORMED, attacks);
        yaml("run-plan-yaml", MALFORMED, attacks);
        yaml("coordinator-yaml", "CONFIGURATION", attacks);
        yaml("node-yaml", "CONFIG_INVALID", attacks);
        yaml("dataset-cards", "CARD_INVALID", attacks);
        yaml("suite-yaml", "CONFIG_INVALID", attacks);
        yaml("harness-tasks", "CONFIG_INVALID", attacks);
        safetensors(attacks);
        compressed(attacks);
        paths(attacks);
        return attacks;
    }

    private static Attack of(String reader, String name, byte[] bytes, String code) {
        return new Attack(reader, name, ByteBuffer.wrap(bytes), code);
    }

    /** The bytes. */
    byte[] bytes() {
        byte[] bytes = new byte[content.remaining()];
        content.duplicate().get(bytes);
        return bytes;
    }

    private static Attack text(String reader, String name, String text, String code) {
        return of(reader, name, text.getBytes(UTF_8), code);
    }

    private static void json(String reader, String code, List<Attack> attacks) {
        attacks.add(text(reader, "arrays without end", "[".repeat(DEEP), code));
        attacks.add(text(reader, "objects without end", "{\"a\":".repeat(DEEP), code));
        attacks.add(text(reader, "a number beyond all numbers", "1e999999", code));
        attacks.add(text(reader, "a number of many digits", "9".repeat(DEEP), code));
        attacks.add(text(reader, "a number in an object", "{\"member\":1e999999}", code));
        attacks.add(text(reader, "half a surrogate pair", "{\"member\":\"\\ud800\"}", code));
        attacks.add(text(reader, "a key that is half a pair", "{\"\\udc00\":1}", code));
        attacks.add(text(reader, "a key twice", "{\"member\":\"a\",\"member\":\"b\"}", code));
        attacks.add(text(reader, "a NUL", "{\"member\":\"\0\"}", code));
        attacks.add(text(reader, "a byte order mark", "\uFEFF{}", code));
        attacks.add(text(reader, "nothing", "", code));
        attacks.add(text(reader, "null", "null", code));
        attacks.add(text(reader, "two documents", "{}{}", code));
        attacks.add(text(reader, "a name with a path", "{\"member\":\"../../etc/passwd\"}", code));
        attacks.add(of(reader, "no UTF-8", new byte[] {'"', (byte) 0xc0, (byte) 0x80, '"'}, code));
        attacks.add(of(reader, "UTF-16", "{\"a\":1}".getBytes(UTF_16LE), code));
    }

    private static void signed(List<Attack> attacks) {
        String code = "CHECKPOINT_MALFORMED";
        String reader = "signed-notes";
        attacks.add(text(reader, "a signature alone", "\n\n— a AAAA\n", code));
        attacks.add(text(reader, "lines without end", "a\n".repeat(DEEP), code));
        attacks.add(text(reader, "a size with sign", "o\n-1\nAA==\n\n— o AAAAAAA=\n", code));
        attacks.add(
                text(
                        reader,
                        "a size of many digits",
                        "o\n" + "9".repeat(40) + "\nAA==\n\n— o AAAAAAA=\n",
                        code));
        attacks.add(
                text(
                        reader,
                        "signatures without end",
                        "o\n1\nAA==\n\n" + "— o AAAAAAA=\n".repeat(1_000),
                        code));
        attacks.add(text("certificates", "no PEM", "-".repeat(DEEP), "PEM_MALFORMED"));
        attacks.add(
                text(
                        "certificates",
                        "base64 of nothing",
                        pem("CERTIFICATE", ""),
                        "CERTIFICATE_REFUSED"));
        // SEQUENCEs of indefinite length, one in the other.
        attacks.add(
                text(
                        "certificates",
                        "ASN.1 without end",
                        pem("CERTIFICATE", "MIAw".repeat(10_000)),
                        "CERTIFICATE_REFUSED"));
        attacks.add(
                text(
                        "certificate-requests",
                        "ASN.1 without end",
                        pem("CERTIFICATE REQUEST", "MIAw".repeat(10_000)),
                        "REQUEST_REFUSED"));
        attacks.add(
                text(
                        "certificate-requests",
                        "a length of gigabytes",
                        pem("CERTIFICATE REQUEST", "MIR////w"),
                        "REQUEST_REFUSED"));
    }

    private static void carried(List<Attack> attacks) {
        String sum = "0".repeat(64);
        for (String lines :
                List.of(
                        "",
                        "\0",
                        sum,
                        sum + "  ../model.safetensors\n",
                        sum + "  model.safetensors\n",
                        "0".repeat(63) + "  model.safetensors\n",
                        (sum + "  other\n").repeat(100),
                        " ".repeat(3 << 20))) {
            attacks.add(
                    text(
                            "box-sums",
                            "sums of %d characters, of %d lines"
                                    .formatted(lines.length(), lines.lines().count()),
                            lines,
                            "BOX_DAMAGED"));
        }
        for (String range :
                List.of(
                        "bytes=-",
                        "bytes=-0",
                        "bytes=1000-",
                        "bytes=5-4",
                        "bytes=0-1,5-6",
                        "bytes=999999999999999999-",
                        "bytes=9999999999999999999-",
                        "bytes=0x1-2",
                        "bytes=\u0661-",
                        "items=0-1",
                        "")) {
            attacks.add(
                    text(
                            "range-headers",
                            "the range '" + range + "'",
                            range,
                            "RANGE_NOT_SATISFIABLE"));
        }
    }

    /** Names that lead out of a box, or to what is not the gateway's to write. */
    private static void inventories(List<Attack> attacks) {
        String file = "{\"bytes\":%s,\"digest\":\"" + "0".repeat(64) + "\",\"name\":\"%s\"}";
        for (String name :
                List.of(
                        "",
                        "..",
                        "../box.json",
                        "/etc/passwd",
                        "base/../../box.json",
                        "base/..",
                        "base/",
                        "base//a",
                        "base/a/b",
                        "base\\\\a",
                        "state/optimiser",
                        "done.json",
                        "model.safetensors",
                        "box.json/a",
                        "base/\\u0000")) {
            attacks.add(
                    text(
                            "box-inventories",
                            "a file named '" + name + "'",
                            "{\"files\":[" + file.formatted("1", name) + "],\"protocol\":1}",
                            "BOX_DAMAGED"));
        }
        attacks.add(
                text(
                        "box-inventories",
                        "a file of less than nothing",
                        "{\"files\":[" + file.formatted("-1", "box.json") + "],\"protocol\":1}",
                        "BOX_DAMAGED"));
        String one = file.formatted("1", "box.json");
        attacks.add(
                text(
                        "box-inventories",
                        "a name twice",
                        "{\"files\":[" + one + "," + one + "],\"protocol\":1}",
                        "BOX_DAMAGED"));
        attacks.add(text("box-inventories", "megabytes", " ".repeat(3 << 20), "BOX_DAMAGED"));
    }

    private static void bundles(List<Attack> attacks) {
        String index =
                "{\"consortium\":\"a\",\"entries\":1,\"format\":\"tapestry-audit-bundle/1\",\"origin\":\"o\"}";
        for (String files :
                List.of(
                        "PK",
                        "PK\3\4" + "\0".repeat(100),
                        "PK\5\6" + "\0".repeat(18),
                        "PK\5\6" + "\uFFFF".repeat(9),
                        "",
                        "\n== ../bundle.json\n{}",
                        "\n== bundle.json\n" + "[".repeat(DEEP),
                        "\n== bundle.json\n" + index,
                        "\n== bundle.json\n" + index.replace("/1", "/2"),
                        "\n== bundle.json\n" + index.replace(":1,", ":-9223372036854775808,"),
                        "\n== bundle.json\n" + index + "\n== checkpoint.note\n\n",
                        "\n== bundle.json\n"
                                + index
                                + "\n== checkpoint.note\no\n1\n"
                                + "A".repeat(43)
                                + "=\n\n— o AAAAAAA=\n\n== leaves\n\n== entries.jsonl\n"
                                + "\n".repeat(DEEP))) {
            attacks.add(
                    text(
                            "audit-bundles",
                            "a bundle that begins with '%s', of %d characters"
                                    .formatted(
                                            files.substring(0, Math.min(12, files.length()))
                                                    .strip(),
                                            files.length()),
                            files,
                            "BUNDLE"));
        }
    }

    private static String pem(String label, String base64) {
        return "-----BEGIN %s-----\n%s\n-----END %s-----\n".formatted(label, base64, label);
    }

    private static void yaml(String reader, String code, List<Attack> attacks) {
        StringBuilder laughs = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for (int i = 1; i < 30; i++) {
            laughs.append("a%d: &a%d [%s]\n".formatted(i, i, ("*a" + (i - 1) + ",").repeat(10)));
        }
        attacks.add(text(reader, "a billion laughs", laughs.toString(), code));
        attacks.add(text(reader, "an alias of itself", "name: &a [*a]\n", code));
        attacks.add(text(reader, "lists without end", "name: " + "[".repeat(20_000), code));
        attacks.add(text(reader, "maps without end", "name: " + "{a: ".repeat(10_000), code));
        attacks.add(text(reader, "dashes without end", "- ".repeat(20_000), code));
        attacks.add(text(reader, "a key twice", "name: a\nname: b\n", code));
        attacks.add(
                text(
                        reader,
                        "a Java type",
                        "name: !!javax.script.ScriptEngineManager [a]\n",
                        code));
        attacks.add(text(reader, "a merge", "<<: {name: a}\n", code));
        attacks.add(text(reader, "two documents", "name: a\n---\nname: b\n", code));
        attacks.add(text(reader, "a number beyond all numbers", "name: 1e999999\n", code));
        attacks.add(text(reader, "nothing", "", code));
        attacks.add(text(reader, "a list", "- a\n", code));
        attacks.add(of(reader, "no UTF-8", new byte[] {(byte) 0xff, (byte) 0xfe, 0}, code));
        attacks.add(text(reader, "a file of megabytes", "a".repeat(3 << 20), code));
    }

    private static void safetensors(List<Attack> attacks) {
        for (String reader : List.of("safetensors", "coded-updates")) {
            attacks.add(
                    header(
                            reader,
                            "a header of 2^63 bytes",
                            Long.MIN_VALUE,
                            "{}",
                            "HEADER_LENGTH"));
            attacks.add(
                    header(
                            reader,
                            "a header of 2^63 - 1 bytes",
                            Long.MAX_VALUE,
                            "{}",
                            "HEADER_LENGTH"));
            attacks.add(
                    header(
                            reader,
                            "a header longer than the file",
                            99_000_000,
                            "{}",
                            "HEADER_LENGTH"));
            attacks.add(
                    tensor(
                            reader,
                            "a shape of 2^63 elements",
                            "[9223372036854775807,2]",
                            "[0,1]",
                            "SHAPE"));
            attacks.add(
                    tensor(
                            reader,
                            "a shape beyond all longs",
                            "[99999999999999999999]",
                            "[0,1]",
                            "HEADER_JSON"));
            attacks.add(tensor(reader, "a negative dimension", "[-1]", "[0,4]", "SHAPE"));
            attacks.add(
                    tensor(
                            reader,
                            "offsets that overflow",
                            "[1]",
                            "[9223372036854775807,-9223372036854775805]",
                            "OFFSETS"));
            attacks.add(
                    tensor(
                            reader,
                            "data behind the file",
                            "[1000000000]",
                            "[0,4000000000]",
                            "OFFSETS"));
            String deep = "{\"a\":" + "[".repeat(DEEP);
            attacks.add(header(reader, "arrays without end", deep.length(), deep, "HEADER_FIELD"));
        }
    }

    /** Frames as RFC 8878 §3.1.1 has them: magic number, descriptor, window or size, blocks. */
    private static void compressed(List<Attack> attacks) {
        String reader = "compressed-parts";
        String code = "PART_CODING";
        byte[] magic = {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd};
        attacks.add(frame(reader, "a window of terabytes", magic, code, 0, 0xff, 1, 0, 0));
        attacks.add(frame(reader, "a window of 1 MiB", magic, code, 0, 10 << 3, 1, 0, 0));
        attacks.add(
                frame(
                        reader,
                        "a content of 2^64 - 1 bytes",
                        magic,
                        code,
                        0xe0,
                        255,
                        255,
                        255,
                        255,
                        255,
                        255,
                        255,
                        255));
        attacks.add(frame(reader, "a dictionary", magic, code, 0x21, 7, 1, 1, 0, 0));
        attacks.add(frame(reader, "a block of no kind", magic, code, 0, 8 << 3, 7, 0, 0));
        attacks.add(
                frame(reader, "a block longer than blocks are", magic, code, 0, 0, 0xfd, 255, 255));
        attacks.add(frame(reader, "a frame that breaks off", magic, code, 0, 8 << 3));
        attacks.add(
                of(reader, "gzip", new byte[] {0x1f, (byte) 0x8b, 8, 0, 0, 0, 0, 0, 0, 3}, code));
        byte[] skipped = {0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0};
        ByteBuffer many = ByteBuffer.allocate(skipped.length * 20_000);
        while (many.hasRemaining()) {
            many.put(skipped);
        }
        attacks.add(of(reader, "frames of nothing, on and on", many.array(), code));
    }

    private static Attack frame(
            String reader, String name, byte[] magic, String code, int... rest) {
        ByteBuffer bytes = ByteBuffer.allocate(magic.length + rest.length).put(magic);
        for (int value : rest) {
            bytes.put((byte) value);
        }
        return of(reader, name, bytes.array(), code);
    }

    private static Attack tensor(
            String reader, String name, String shape, String offsets, String code) {
        String json =
                "{\"a\":{\"dtype\":\"F32\",\"shape\":%s,\"data_offsets\":%s}}"
                        .formatted(shape, offsets);
        return header(reader, name, json.length(), json, code);
    }

    private static Attack header(
            String reader, String name, long length, String json, String code) {
        byte[] text = json.getBytes(UTF_8);
        byte[] bytes =
                ByteBuffer.allocate(8 + text.length)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(length)
                        .put(text)
                        .array();
        return of(reader, name, bytes, code);
    }

    private static void paths(List<Attack> attacks) {
        for (String path :
                List.of(
                        "../model-1.safetensors",
                        "/etc/passwd.safetensors",
                        "..\\\\model-1.safetensors",
                        "C:\\\\x.safetensors",
                        "a/../../x.safetensors",
                        "x\\u0000.safetensors",
                        ".hidden.safetensors",
                        "CON.safetensors:stream",
                        "")) {
            attacks.add(
                    text(
                            "shard-index",
                            "a shard called '" + path + "'",
                            "{\"weight_map\":{\"a\":\"" + path + "\"}}",
                            "INDEX"));
            attacks.add(
                    text(
                            "replies",
                            "a model's file called '" + path + "'",
                            "{\"files\":[{\"path\":\"" + path + "\",\"bytes\":0,\"parts\":[]}]}",
                            MALFORMED));
        }
    }
}
