package dev.tapestry.coordinator;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tapestry.consortium.Charter;
import dev.tapestry.consortium.Coded;
import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.coordinator.CoordinatorException.Code;
import dev.tapestry.coordinator.VerifyBundle.Demands;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.log.Checkpoint;
import dev.tapestry.trust.log.TreeEdge;
import dev.tapestry.trust.signature.SigningKey;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** What the coordinator's room reads of strangers, for a fuzzer that lives elsewhere. */
public final class CoordinatorReaders {

    private static final long PART = 1_000;
    private static final String ORIGIN = "tapestry/0123456789ab";
    private static final String MARK = "== ";
    private static final int LONGEST_NAME = 100;

    private CoordinatorReaders() {}

    /** No range within a part. */
    private static final class RangeRefused extends RuntimeException implements Coded {
        private static final long serialVersionUID = 1L;

        RangeRefused(ApiRefusal refusal) {
            super(refusal);
        }

        @Override
        public ApiCode code() {
            return ApiCode.RANGE_NOT_SATISFIABLE;
        }
    }

    /** Reads the value of a {@code Range} header. */
    public static void range(byte[] bytes, Path scratch) {
        ByteRange range;
        try {
            range = ByteRange.of(new String(bytes, ISO_8859_1), PART);
        } catch (ApiRefusal e) {
            throw new RangeRefused(e);
        }
        if (range.first() < 0 || range.count() < 1 || range.first() + range.count() > PART) {
            throw new IllegalStateException(range + " is not within the part");
        }
    }

    /** Good bytes for it. */
    public static List<byte[]> rangeSeeds() {
        return List.of(
                "bytes=0-99".getBytes(UTF_8),
                "bytes=5-".getBytes(UTF_8),
                "bytes=-7".getBytes(UTF_8));
    }

    /**
     * Verifies an audit bundle: a ZIP file, or the files in one, each after a line with its name,
     * so that a fuzzer reaches what is in them.
     */
    public static void bundle(byte[] bytes, Path scratch) throws IOException {
        Path file = scratch.resolve("bundle.zip");
        Files.write(file, isZip(bytes) ? bytes : zip(files(new String(bytes, ISO_8859_1))));
        BundleReport report = VerifyBundle.of(file, Demands.NONE);
        if (!report.sound()) {
            throw new CoordinatorException(Code.BUNDLE, report.problem());
        }
    }

    private static boolean isZip(byte[] bytes) {
        return bytes.length > 1 && bytes[0] == 'P' && bytes[1] == 'K';
    }

    private static Map<String, byte[]> files(String text) {
        Map<String, byte[]> files = new LinkedHashMap<>();
        for (String section : text.split("(^|\n)" + MARK, -1)) {
            int end = section.indexOf('\n');
            if (end > 0 && end < LONGEST_NAME) {
                files.put(
                        section.substring(0, end), section.substring(end + 1).getBytes(ISO_8859_1));
            }
        }
        return files;
    }

    private static byte[] zip(Map<String, byte[]> files) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            for (Map.Entry<String, byte[]> file : files.entrySet()) {
                zip.putNextEntry(new ZipEntry(file.getKey()));
                zip.write(file.getValue());
            }
        }
        return bytes.toByteArray();
    }

    /** Good bytes for it: the log of a consortium that was just founded. */
    public static List<byte[]> bundleSeeds() throws IOException {
        Map<String, byte[]> files = founded();
        ByteArrayOutputStream sections = new ByteArrayOutputStream();
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
            section(sections, file.getKey(), file.getValue());
        }
        return List.of(zip(files), sections.toByteArray());
    }

    private static void section(OutputStream to, String name, byte[] content) throws IOException {
        to.write(("\n" + MARK + name + "\n").getBytes(UTF_8));
        to.write(content);
    }

    private static Map<String, byte[]> founded() {
        SigningKey key = SigningKey.generate();
        MemberId ada = new MemberId("ada");
        List<ConsortiumEvent> events =
                List.of(
                        new ConsortiumEvent.Founded(
                                Charter.standard("alliance"),
                                key.verifyingKey().value(),
                                Instant.EPOCH),
                        new ConsortiumEvent.TokenIssued(
                                ada,
                                Digest.of(new byte[1]),
                                Instant.EPOCH.plusSeconds(60),
                                Instant.EPOCH));
        TreeEdge edge = TreeEdge.EMPTY;
        ByteArrayOutputStream entries = new ByteArrayOutputStream();
        ByteArrayOutputStream leaves = new ByteArrayOutputStream();
        for (ConsortiumEvent event : events) {
            byte[] entry = CanonicalJson.write(event);
            edge = edge.with(entry);
            entries.writeBytes(entry);
            entries.write('\n');
            leaves.writeBytes(TreeEdge.leaf(entry).bytes());
        }
        Map<String, byte[]> files = new LinkedHashMap<>();
        files.put(
                AuditBundle.INDEX,
                CanonicalJson.write(
                        new AuditBundle.Index(
                                AuditBundle.FORMAT, "alliance", ORIGIN, events.size())));
        files.put(AuditBundle.ENTRIES, entries.toByteArray());
        files.put(AuditBundle.LEAVES, leaves.toByteArray());
        files.put(
                AuditBundle.CHECKPOINT,
                new Checkpoint(ORIGIN, edge.size(), edge.root())
                        .sign(key)
                        .toString()
                        .getBytes(UTF_8));
        return files;
    }
}
