package dev.tapestry.coordinator;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tapestry.consortium.Member;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.protocol.CosignedNotes;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.log.Checkpoint;
import dev.tapestry.trust.log.Cosignature;
import dev.tapestry.trust.log.SignedNote;
import dev.tapestry.trust.signature.SigningKey;
import dev.tapestry.trust.signature.VerifyingKey;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Keeps the latest checkpoint that each member has co-signed, one file a member: they are about the
 * log, so they do not stand in it. Who co-signs a log has seen its beginning too; older
 * co-signatures of the same member say nothing that the latest does not. Thread-safe.
 */
final class CosignatureDesk {

    private static final String SUFFIX = ".note";

    private final Ledger ledger;
    private final SigningKey key;
    private final Path folder;
    private final SharedFiles shared;

    /** What each member saw last; the note has its line as the last one. */
    private final ConcurrentSkipListMap<MemberId, Seen> seen = new ConcurrentSkipListMap<>();

    /** Held while a member's is written, here and in the store; nobody who reads waits for that. */
    private final ConcurrentMap<MemberId, ReentrantLock> writing = new ConcurrentHashMap<>();

    private record Seen(long size, SignedNote note) {
        SignedNote.Line line() {
            return note.signatures().getLast();
        }
    }

    CosignatureDesk(Ledger ledger, SigningKey key, Path folder, SharedFiles shared) {
        this.ledger = ledger;
        this.key = key;
        this.folder = folder;
        this.shared = shared;
        FileTrees.create(folder);
        files(folder).forEach(this::load);
    }

    /** A co-signature that does not fit this log is left where it lies, and not served. */
    private void load(Path file) {
        try {
            String name = file.getFileName().toString();
            MemberId member = new MemberId(name.substring(0, name.length() - SUFFIX.length()));
            SignedNote note = SignedNote.parse(SafeFile.read(file));
            long size = Checkpoint.parse(note.text()).size();
            if (size <= ledger.log().size() && checkpoint(size).text().equals(note.text())) {
                // Signed anew: the key is another one where the coordinator has moved.
                SignedNote.Line line = note.signatures().getLast();
                seen.put(member, new Seen(size, checkpoint(size).sign(key).with(line)));
            }
        } catch (TrustException | IllegalArgumentException e) {
            System.getLogger(CosignatureDesk.class.getName())
                    .log(System.Logger.Level.WARNING, file + " is no co-signed checkpoint", e);
        }
    }

    /**
     * Takes a member's co-signature of the checkpoint over the first {@code size} entries.
     *
     * @throws ApiRefusal {@code COSIGNATURE_REFUSED}, {@code BAD_REQUEST}
     */
    void take(MemberId member, long size, String cosignature) {
        if (size < 1 || size > ledger.log().size()) {
            throw new ApiRefusal(
                    ApiCode.COSIGNATURE_REFUSED,
                    "the log has %d entries, not %d".formatted(ledger.log().size(), size));
        }
        Checkpoint checkpoint = checkpoint(size);
        SignedNote note = checkpoint.sign(key).with(line(cosignature));
        verify(note, checkpoint.origin(), member);
        ReentrantLock one = writing.computeIfAbsent(member, _ -> new ReentrantLock());
        one.lock();
        try {
            Seen before = seen.get(member);
            if (before == null || before.size() < size) {
                Path file = folder.resolve(member + SUFFIX);
                FileTrees.write(file, note.toString().getBytes(UTF_8));
                shared.keepAnew(file);
                seen.put(member, new Seen(size, note));
            }
        } finally {
            one.unlock();
        }
    }

    private static SignedNote.Line line(String cosignature) {
        try {
            return SignedNote.parseLine(cosignature);
        } catch (TrustException e) {
            throw new ApiRefusal(ApiCode.BAD_REQUEST, String.valueOf(e.getMessage()));
        }
    }

    private void verify(SignedNote note, String origin, MemberId id) {
        Member member = ledger.snapshot().consortium().members().get(id);
        if (member == null) {
            throw new ApiRefusal(ApiCode.UNKNOWN_MEMBER, id + " is not enrolled");
        }
        try {
            Cosignature.verify(
                    note, Cosignature.name(origin, id), new VerifyingKey(member.signingKey()));
        } catch (TrustException e) {
            throw new ApiRefusal(
                    ApiCode.COSIGNATURE_REFUSED,
                    "%s; this log's checkpoint is\n%s".formatted(e.getMessage(), note.text()));
        }
    }

    /** The latest checkpoint that each active member has co-signed, the largest log first. */
    CosignedNotes notes() {
        SortedMap<Long, SignedNote> bySize = new TreeMap<>(Comparator.reverseOrder());
        List<String> more = new ArrayList<>();
        seen.forEach((member, latest) -> {
            if (active(member)) {
                SignedNote note = bySize.get(latest.size());
                if (note != null && note.signatures().size() == SignedNote.MAX_SIGNATURES) {
                    more.add(note.toString());
                    note = null;
                }
                bySize.put(latest.size(), note == null ? latest.note() : note.with(latest.line()));
            }
        });
        bySize.values().forEach(note -> more.add(note.toString()));
        return new CosignedNotes(more);
    }

    /** The checkpoint of the log as it is, with the co-signatures that it has already. */
    String latest() {
        SignedNote note = SignedNote.parse(ledger.checkpoint());
        long size = Checkpoint.parse(note.text()).size();
        for (Seen latest : seen.values()) {
            if (latest.size() == size && note.signatures().size() < SignedNote.MAX_SIGNATURES) {
                note = note.with(latest.line());
            }
        }
        return note.toString();
    }

    private boolean active(MemberId id) {
        Member member = ledger.snapshot().consortium().members().get(id);
        return member != null && member.active();
    }

    private Checkpoint checkpoint(long size) {
        return new Checkpoint(ledger.log().origin(), size, ledger.log().root(size));
    }

    /** Where a member's co-signature lies. */
    static List<Path> files(Path folder) {
        return FileTrees.list(folder).stream()
                .filter(file -> file.toString().endsWith(SUFFIX) && Files.isRegularFile(file))
                .toList();
    }
}
