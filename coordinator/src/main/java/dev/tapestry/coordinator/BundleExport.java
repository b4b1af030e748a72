package dev.tapestry.coordinator;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tapestry.consortium.Consortium;
import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.coordinator.AuditBundle.Index;
import dev.tapestry.coordinator.CoordinatorException.Code;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.log.AuditLog;
import dev.tapestry.trust.log.Checkpoint;
import dev.tapestry.trust.log.SignedNote;
import dev.tapestry.trust.log.TreeEdge;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Writes an {@link AuditBundle} of a coordinator's directory, also while the coordinator runs. */
public final class BundleExport {

    private static final System.Logger LOG = System.getLogger(BundleExport.class.getName());

    private BundleExport() {}

    /**
     * What was written.
     *
     * @param entries of the log
     * @param cosignatures members that have co-signed
     * @param contributions signed manifests that are kept
     */
    public record Written(long entries, int cosignatures, int contributions) {}

    /**
     * Writes the bundle; the file is there whole or not at all.
     *
     * @throws CoordinatorException {@code DIRECTORY}, {@code LOG}, {@code STORAGE}
     */
    public static Written write(Path root, Path target) {
        CoordinatorDirectory directory = new CoordinatorDirectory(root);
        CoordinatorLog.requireIn(root, " (no log.db)");
        Path draft = target.resolveSibling("." + target.getFileName() + ".new");
        try (AuditLog log = AuditLog.in(CoordinatorLog.open(root));
                SharedFiles shared = Stores.readableFiles(root)) {
            new Handover(directory, shared).fetchEvidence();
            Written written;
            try (OutputStream file = new BufferedOutputStream(Files.newOutputStream(draft));
                    ZipOutputStream zip = new ZipOutputStream(file)) {
                written = write(directory, shared, log, zip);
            }
            Files.move(draft, target, StandardCopyOption.REPLACE_EXISTING);
            return written;
        } catch (IOException | UncheckedIOException e) {
            throw CoordinatorException.storage("write", target, e);
        } finally {
            FileTrees.delete(draft);
        }
    }

    private static Written write(
            CoordinatorDirectory directory, SharedFiles shared, AuditLog log, ZipOutputStream zip)
            throws IOException {
        // Before the checkpoint, or a member could co-sign a longer log in between.
        SortedMap<String, SignedNote> notes = notes(directory);
        SignedNote checkpoint =
                log.latestCheckpoint()
                        .orElseThrow(() ->
                                new CoordinatorException(
                                        Code.LOG, "the log has no signed checkpoint"));
        // Entries beyond the checkpoint are vouched for by nobody yet.
        long size = Checkpoint.parse(checkpoint.text()).size();
        byte[] first = log.read(0, 1).getFirst();
        Consortium founded =
                Consortium.replay(List.of(CanonicalJson.read(first, ConsortiumEvent.class)));
        put(
                zip,
                AuditBundle.INDEX,
                CanonicalJson.write(
                        new Index(
                                AuditBundle.FORMAT, founded.charter().name(), log.origin(), size)));
        zip.putNextEntry(new ZipEntry(AuditBundle.ENTRIES));
        LogPages.entries(log).limit(size).forEach(entry -> line(zip, entry));
        zip.closeEntry();
        zip.putNextEntry(new ZipEntry(AuditBundle.LEAVES));
        LogPages.entries(log).limit(size).forEach(entry -> raw(zip, TreeEdge.leaf(entry).bytes()));
        zip.closeEntry();
        put(zip, AuditBundle.CHECKPOINT, checkpoint.toString().getBytes(UTF_8));
        notes.values().removeIf(note -> Checkpoint.parse(note.text()).size() > size);
        for (Map.Entry<String, SignedNote> note : notes.entrySet()) {
            put(
                    zip,
                    AuditBundle.COSIGNATURES + note.getKey(),
                    note.getValue().toString().getBytes(UTF_8));
        }
        EnvelopeShelf shelf = new EnvelopeShelf(directory, shared);
        SortedMap<String, Path> envelopes = shelf.all();
        for (Map.Entry<String, Path> envelope : envelopes.entrySet()) {
            put(
                    zip,
                    AuditBundle.CONTRIBUTIONS + envelope.getKey() + ".json",
                    shelf.read(envelope.getKey(), envelope.getValue()));
        }
        for (var agreement : new Moves(directory.moves(), shared).all()) {
            put(zip, AuditBundle.MOVES + agreement.digest().hex() + ".json", agreement.bytes());
        }
        return new Written(size, notes.size(), envelopes.size());
    }

    /** What members have co-signed, by the names of the files; a damaged one says nothing. */
    private static SortedMap<String, SignedNote> notes(CoordinatorDirectory directory) {
        SortedMap<String, SignedNote> notes = new TreeMap<>();
        for (Path file : CosignatureDesk.files(directory.cosignatures())) {
            try {
                SignedNote note = SignedNote.parse(SafeFile.read(file));
                Checkpoint.parse(note.text());
                notes.put(file.getFileName().toString(), note);
            } catch (TrustException e) {
                LOG.log(System.Logger.Level.WARNING, file + " is no co-signed checkpoint", e);
            }
        }
        return notes;
    }

    private static void put(ZipOutputStream zip, String name, byte[] content) throws IOException {
        zip.putNextEntry(new ZipEntry(name));
        zip.write(content);
        zip.closeEntry();
    }

    private static void line(ZipOutputStream zip, byte[] entry) {
        for (byte each : entry) {
            if (each == '\n') {
                throw new CoordinatorException(
                        Code.LOG, "an entry of the log is no canonical JSON; verify the log");
            }
        }
        raw(zip, entry);
        raw(zip, new byte[] {'\n'});
    }

    private static void raw(ZipOutputStream zip, byte[] bytes) {
        try {
            zip.write(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
