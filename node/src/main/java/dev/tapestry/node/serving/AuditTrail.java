package dev.tapestry.node.serving;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.LeftOutWhenEmpty;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.System.Logger.Level;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What was asked and what came of it: a file of JSON Lines, each with the digest of the one before,
 * so that none can be changed or taken away from the middle unseen. No content unless the member
 * wants it.
 *
 * <p>Lines are on the disk a second later at most, and when it is closed. A last line without an
 * end, which a power cut leaves, is dropped. Only its owner may read a file that is made here, and
 * one server writes it. Thread-safe.
 */
final class AuditTrail implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger(AuditTrail.class.getName());
    private static final Duration FLUSH = Duration.ofSeconds(1);
    private static final FileAttribute<?> OWNER_ONLY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    /**
     * What happened.
     *
     * @param model its name
     * @param digest which it is
     * @param constitution by which it was answered
     * @param action what was done: it was answered, changed, refused, paused and so on
     * @param rule that ended it, or empty
     * @param acted rules that left something out
     */
    record Event(
            String model,
            Optional<Digest> digest,
            Optional<Digest> constitution,
            String action,
            String rule,
            List<String> acted,
            int promptCharacters,
            int answerCharacters,
            int promptTokens,
            int answerTokens,
            String prompt,
            String answer) {}

    /** A line of the file. */
    record Line(
            Digest previous,
            String time,
            String model,
            @LeftOutWhenEmpty Optional<Digest> digest,
            @LeftOutWhenEmpty Optional<Digest> constitution,
            String action,
            String rule,
            List<String> acted,
            int promptCharacters,
            int answerCharacters,
            int promptTokens,
            int answerTokens,
            @LeftOutWhenEmpty Optional<String> prompt,
            @LeftOutWhenEmpty Optional<String> answer) {}

    /** No channel: an interrupted thread that writes would close it. */
    private final @Nullable RandomAccessFile file;

    private final boolean content;
    private final InstantSource clock;
    private final Thread flusher;
    private Digest last;
    private boolean dirty;
    private boolean failed;

    private AuditTrail(
            @Nullable RandomAccessFile file, Digest last, boolean content, InstantSource clock) {
        this.file = file;
        this.last = last;
        this.content = content;
        this.clock = clock;
        this.flusher = Thread.ofVirtual().name("audit").unstarted(this::flush);
    }

    /** Writes nothing. */
    static AuditTrail none() {
        return new AuditTrail(null, Digest.of(new byte[0]), false, InstantSource.system());
    }

    /**
     * Continues a file, or begins it.
     *
     * @param content whether prompts and answers are written too
     * @throws NodeException {@code AUDIT_BROKEN} if its lines do not follow each other, {@code
     *     STORAGE}, also if another server writes it
     */
    static AuditTrail in(Path path, boolean content, InstantSource clock) {
        try {
            create(path);
            RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw");
            try {
                lock(path, file);
                AuditTrail trail =
                        new AuditTrail(file, AuditLines.lastDigest(path, file), content, clock);
                trail.flusher.start();
                return trail;
            } catch (IOException | RuntimeException e) {
                file.close();
                throw e;
            }
        } catch (IOException e) {
            throw new NodeException(
                    Code.STORAGE, "cannot keep the record %s: %s".formatted(path, e), e);
        }
    }

    private static void create(Path path) throws IOException {
        if (Files.exists(path)) {
            return;
        }
        if (path.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            Files.createFile(path, OWNER_ONLY);
        } else {
            Files.createFile(path);
        }
    }

    private static void lock(Path path, RandomAccessFile file) throws IOException {
        boolean locked;
        try {
            locked = file.getChannel().tryLock() != null;
        } catch (OverlappingFileLockException e) {
            locked = false;
        }
        if (!locked) {
            throw new NodeException(
                    Code.STORAGE,
                    "another server writes %s: name another file for the record".formatted(path));
        }
    }

    /** Writes what happened. A full disk is told once, and stops no answer. */
    synchronized void write(Event event) {
        if (file == null) {
            return;
        }
        try {
            byte[] line =
                    CanonicalJson.write(
                            new Line(
                                    last,
                                    clock.instant().toString(),
                                    event.model(),
                                    event.digest(),
                                    event.constitution(),
                                    event.action(),
                                    event.rule(),
                                    event.acted(),
                                    event.promptCharacters(),
                                    event.answerCharacters(),
                                    event.promptTokens(),
                                    event.answerTokens(),
                                    Optional.of(event.prompt()).filter(_ -> content),
                                    Optional.of(event.answer()).filter(_ -> content)));
            long before = file.length();
            try {
                file.seek(before);
                file.write(
                        (new String(line, StandardCharsets.UTF_8) + "\n")
                                .getBytes(StandardCharsets.UTF_8));
            } catch (IOException e) {
                file.setLength(before);
                throw e;
            }
            last = Digest.of(line);
            dirty = true;
            failed = false;
        } catch (IOException | TrustException e) {
            if (!failed) {
                LOG.log(Level.ERROR, "the record of answers cannot be written: " + e.getMessage());
            }
            failed = true;
        }
    }

    private void flush() {
        try {
            while (true) {
                Thread.sleep(FLUSH);
                force();
            }
        } catch (InterruptedException _) {
            // closed
        }
    }

    private synchronized void force() {
        if (file == null || !dirty) {
            return;
        }
        try {
            file.getFD().sync();
            dirty = false;
        } catch (IOException e) {
            LOG.log(Level.ERROR, "the record of answers is not on the disk: " + e.getMessage());
        }
    }

    @Override
    public void close() {
        flusher.interrupt();
        force();
        if (file != null) {
            try {
                file.close();
            } catch (IOException e) {
                LOG.log(Level.ERROR, "the record of answers: " + e.getMessage());
            }
        }
    }
}
