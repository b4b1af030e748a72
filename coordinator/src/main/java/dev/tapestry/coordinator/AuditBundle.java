package dev.tapestry.coordinator;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tapestry.consortium.Digest;
import dev.tapestry.coordinator.CoordinatorException.Code;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.log.AuditLog;
import dev.tapestry.trust.log.SignedNote;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * What an auditor needs of a consortium, in one ZIP file that comes from a stranger: everything is
 * read with limits, nothing is unpacked, and no name is used as a path.
 *
 * <pre>
 *   bundle.json                  {"format","consortium","origin","entries"}; format is tapestry-audit-bundle/1
 *   entries.jsonl                the log's entries, each as it was hashed, and a line feed
 *   leaves                       the 32 bytes of each entry's leaf in the tree
 *   checkpoint.note              the log's signed checkpoint
 *   cosignatures/MEMBER.note     the latest checkpoint that a member has co-signed
 *   contributions/DIGEST.json    the signed manifest of a contribution, by the digest in the log
 *   moves/DIGEST.json            the members' agreement to a move of the coordinator
 * </pre>
 *
 * <p>The leaves say which entry is not the one that was signed: they are believed only when the
 * tree over them has the signed root.
 */
final class AuditBundle implements AutoCloseable {

    static final String FORMAT = "tapestry-audit-bundle/1";
    static final String INDEX = "bundle.json";
    static final String ENTRIES = "entries.jsonl";
    static final String LEAVES = "leaves";
    static final String CHECKPOINT = "checkpoint.note";
    static final String COSIGNATURES = "cosignatures/";
    static final String CONTRIBUTIONS = "contributions/";
    static final String MOVES = "moves/";

    static final int LEAF_BYTES = 32;

    /** More files than this are no consortium's. */
    private static final int MAX_FILES = 1_000_000;

    /** All their notes are held at once. */
    private static final int MAX_COSIGNERS = 1_000;

    private static final int MAX_DOCUMENT_BYTES = 64 << 10;
    private static final int MAX_MANIFEST_BYTES = Exchange.MAX_MANIFEST_BYTES;

    private static final Pattern NAME =
            Pattern.compile(
                    "bundle\\.json|entries\\.jsonl|leaves|checkpoint\\.note"
                            + "|cosignatures/[a-z0-9][a-z0-9-]{0,62}\\.note"
                            + "|(contributions|moves)/[0-9a-f]{64}\\.json");

    private final ZipFile zip;
    private final Index index;
    private final long fileBytes;

    /**
     * What the bundle says of itself.
     *
     * @param format and its version
     * @param consortium its name
     * @param origin of the log
     * @param entries how many
     */
    record Index(String format, String consortium, String origin, long entries) {}

    private AuditBundle(ZipFile zip, Index index, long fileBytes) {
        this.zip = zip;
        this.index = index;
        this.fileBytes = fileBytes;
    }

    /**
     * Opens a bundle.
     *
     * @throws CoordinatorException {@code BUNDLE}
     */
    static AuditBundle open(Path file) {
        ZipFile zip;
        long bytes;
        try {
            bytes = Files.size(file);
            zip = new ZipFile(file.toFile());
        } catch (IOException e) {
            throw new CoordinatorException(
                    Code.BUNDLE, file + " is no audit bundle: " + e.getMessage(), e);
        }
        try {
            requireNames(zip);
            Index index = CanonicalJson.read(required(zip, INDEX), Index.class);
            if (!index.format().equals(FORMAT)) {
                throw bad("its format is '" + index.format() + "'; this program reads " + FORMAT);
            }
            return new AuditBundle(zip, index, bytes);
        } catch (CoordinatorException e) {
            close(zip);
            throw e;
        } catch (TrustException e) {
            close(zip);
            throw bad(INDEX + ": " + e.getMessage());
        }
    }

    private static void requireNames(ZipFile zip) {
        if (zip.size() > MAX_FILES) {
            throw bad("it has " + zip.size() + " files");
        }
        Set<String> seen = new HashSet<>();
        names(zip)
                .forEach(name -> {
                    if (!NAME.matcher(name).matches()) {
                        throw bad("'" + name + "' does not belong into it");
                    }
                    if (!seen.add(name)) {
                        throw bad("'" + name + "' is in it twice");
                    }
                });
        long cosigners = names(zip).filter(name -> name.startsWith(COSIGNATURES)).count();
        if (cosigners > MAX_COSIGNERS) {
            throw bad("it has co-signatures of " + cosigners + " members");
        }
    }

    private static Stream<String> names(ZipFile zip) {
        return zip.stream().map(ZipEntry::getName);
    }

    Index index() {
        return index;
    }

    /** The signed checkpoint. */
    SignedNote checkpoint() {
        return note(CHECKPOINT);
    }

    /** The members that have co-signed, as file names say. */
    List<String> cosigners() {
        return names(zip)
                .filter(name -> name.startsWith(COSIGNATURES))
                .map(name ->
                        name.substring(COSIGNATURES.length(), name.length() - ".note".length()))
                .sorted()
                .toList();
    }

    SignedNote cosigned(String member) {
        return note(COSIGNATURES + member + ".note");
    }

    private SignedNote note(String name) {
        try {
            return SignedNote.parse(new String(required(zip, name), UTF_8));
        } catch (TrustException e) {
            throw bad(name + ": " + e.getMessage());
        }
    }

    Optional<byte[]> contribution(Digest envelope) {
        return bytes(zip, CONTRIBUTIONS + envelope.hex() + ".json", MAX_MANIFEST_BYTES);
    }

    Optional<byte[]> move(Digest agreement) {
        return bytes(zip, MOVES + agreement.hex() + ".json", MAX_DOCUMENT_BYTES);
    }

    /** The entries, one line each. */
    Lines entries() {
        return new Lines(stream(ENTRIES));
    }

    /** The leaves, 32 bytes each: hashes, which do not compress, so no more than the file has. */
    InputStream leaves() {
        return new BoundedStream(stream(LEAVES), fileBytes, LEAVES);
    }

    private InputStream stream(String name) {
        ZipEntry entry = zip.getEntry(name);
        if (entry == null) {
            throw bad("it has no " + name);
        }
        try {
            return new BufferedInputStream(zip.getInputStream(entry));
        } catch (IOException e) {
            throw bad(name + ": " + e.getMessage());
        }
    }

    private static byte[] required(ZipFile zip, String name) {
        return bytes(zip, name, MAX_DOCUMENT_BYTES).orElseThrow(() -> bad("it has no " + name));
    }

    /** Memory follows what is there, up to the limit, and never what is declared. */
    private static Optional<byte[]> bytes(ZipFile zip, String name, int limit) {
        ZipEntry entry = zip.getEntry(name);
        if (entry == null) {
            return Optional.empty();
        }
        try (InputStream in = zip.getInputStream(entry)) {
            byte[] bytes = in.readNBytes(limit + 1);
            if (bytes.length > limit) {
                throw bad("'%s' has more than %d bytes".formatted(name, limit));
            }
            return Optional.of(bytes);
        } catch (IOException e) {
            throw bad("'" + name + "' cannot be read: " + e.getMessage());
        }
    }

    static CoordinatorException bad(String why) {
        return new CoordinatorException(Code.BUNDLE, "the bundle is not sound: " + why);
    }

    private static void close(ZipFile zip) {
        try {
            zip.close();
        } catch (IOException _) {
            // It was only read.
        }
    }

    @Override
    public void close() {
        close(zip);
    }

    /** Lines of at most {@link AuditLog#MAX_ENTRY_BYTES}; the last ends with a line feed too. */
    static final class Lines implements AutoCloseable {

        private final InputStream in;

        Lines(InputStream in) {
            this.in = in;
        }

        /** The next line, without its end. */
        Optional<byte[]> next() {
            ByteArrayOutputStream line = new ByteArrayOutputStream(256);
            try {
                for (int next = in.read(); next != '\n'; next = in.read()) {
                    if (next < 0) {
                        if (line.size() > 0) {
                            throw bad(ENTRIES + " ends in the middle of an entry");
                        }
                        return Optional.empty();
                    }
                    if (line.size() == AuditLog.MAX_ENTRY_BYTES) {
                        throw bad("an entry has more than %d bytes".formatted(line.size()));
                    }
                    line.write(next);
                }
                return Optional.of(line.toByteArray());
            } catch (IOException e) {
                throw bad(ENTRIES + " cannot be read: " + e.getMessage());
            }
        }

        @Override
        public void close() {
            try {
                in.close();
            } catch (IOException _) {
                // It was only read.
            }
        }
    }
}
