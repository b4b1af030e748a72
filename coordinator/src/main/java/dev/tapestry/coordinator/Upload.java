package dev.tapestry.coordinator;

import dev.tapestry.consortium.ContributionManifest;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.ModelManifest;
import dev.tapestry.coordinator.PartSlot.Place;
import dev.tapestry.weights.PartSums;
import dev.tapestry.weights.WeightsException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.zip.CRC32C;

/**
 * A contribution on its way in: which parts are here, and where each goes.
 *
 * <p>Parts are written at their places in the files while they are hashed; nothing is read a second
 * time. Any number of threads may send parts.
 */
final class Upload {

    private static final int BUFFER_BYTES = PartBuffers.BUFFER_BYTES;

    private final Digest contribution;
    private final ContributionManifest manifest;
    private final String signingKey;
    private final Path folder;
    private final PartSums sums;
    private final SequencedMap<Digest, PartSlot> slots = new LinkedHashMap<>();
    private final ReentrantLock sealing = new ReentrantLock();
    private volatile boolean replaced;

    /**
     * An upload into a folder, in which parts of an earlier attempt may lie.
     *
     * @param contribution digest of the signed envelope
     * @param signingKey the public key with which the manifest was signed
     * @param awaited files whose parts are sent, by where they go; others are there already
     * @param sums learns the checksums of the parts
     */
    Upload(
            Digest contribution,
            ContributionManifest manifest,
            String signingKey,
            Path folder,
            SequencedMap<Path, ModelManifest.File> awaited,
            PartSums sums) {
        this.contribution = contribution;
        this.manifest = manifest;
        this.signingKey = signingKey;
        this.folder = folder;
        this.sums = sums;
        Map<Digest, List<Place>> places = new LinkedHashMap<>();
        Map<Digest, Long> lengths = new TreeMap<>();
        awaited.forEach((path, file) -> {
            long offset = 0;
            for (ModelManifest.Part part : file.parts()) {
                places.computeIfAbsent(part.digest(), _ -> new ArrayList<>())
                        .add(new Place(path, offset));
                lengths.put(part.digest(), part.bytes());
                offset += part.bytes();
            }
        });
        places.forEach((digest, list) ->
                slots.put(digest, new PartSlot(lengths.getOrDefault(digest, 0L), list)));
    }

    Digest contribution() {
        return contribution;
    }

    ContributionManifest manifest() {
        return manifest;
    }

    MemberId member() {
        return manifest.member();
    }

    String signingKey() {
        return signingKey;
    }

    Path folder() {
        return folder;
    }

    /** The member sends another contribution instead. */
    void replace() {
        replaced = true;
    }

    boolean isReplaced() {
        return replaced;
    }

    /** Held by whoever seals or replaces, so that one is after the other. */
    ReentrantLock sealing() {
        return sealing;
    }

    /** Whether this contribution has such a part. */
    boolean names(Digest part) {
        return slots.containsKey(part);
    }

    /** Parts that were not received, in the manifest's order. */
    List<Digest> missing() {
        return slots.entrySet().stream()
                .filter(slot -> !slot.getValue().received())
                .map(Map.Entry::getKey)
                .toList();
    }

    /** Bytes that are here of those that are sent. */
    long arrived() {
        return slots.values().stream().mapToLong(PartSlot::arrived).sum();
    }

    /** Bytes of files that must still find room on the disk, what is made of them included. */
    long lacking() {
        if (missing().isEmpty()) {
            return 0;
        }
        long decoded = manifest.update().isPresent() ? manifest.weights().bytes() : 0;
        return decoded
                + slots.values().stream()
                        .filter(slot -> !slot.received())
                        .mapToLong(slot -> slot.bytes() * slot.places().size())
                        .sum();
    }

    /** Bytes that are sent in all. */
    long expected() {
        return slots.values().stream().mapToLong(PartSlot::bytes).sum();
    }

    /** Hashes what an earlier process may have received, and remembers which parts are whole. */
    void recover() {
        byte[] buffer = new byte[BUFFER_BYTES];
        slots.forEach((digest, slot) -> {
            if (slot.places().stream()
                    .allMatch(place -> holds(place, slot.bytes(), digest, buffer))) {
                slot.markReceived();
            }
        });
    }

    /** Whether the parts that were received still are what they were. */
    boolean isIntact() {
        byte[] buffer = new byte[BUFFER_BYTES];
        return slots.entrySet().stream()
                .allMatch(slot ->
                        slot.getValue().places().stream()
                                .allMatch(place ->
                                        holds(
                                                place,
                                                slot.getValue().bytes(),
                                                slot.getKey(),
                                                buffer)));
    }

    private static boolean holds(Place place, long bytes, Digest digest, byte[] buffer) {
        if (!Files.exists(place.file())) {
            return false;
        }
        try (FileChannel file = FileChannel.open(place.file(), StandardOpenOption.READ)) {
            MessageDigest hash = Digest.sha256();
            long left = bytes;
            while (left > 0) {
                ByteBuffer chunk = ByteBuffer.wrap(buffer, 0, (int) Math.min(buffer.length, left));
                int read = file.read(chunk, place.offset() + bytes - left);
                if (read <= 0) {
                    return false;
                }
                hash.update(buffer, 0, read);
                left -= read;
            }
            return Digest.ofHash(hash.digest()).equals(digest);
        } catch (IOException e) {
            throw CoordinatorException.storage("read", place.file(), e);
        }
    }

    /**
     * Receives one part; a part that is here already is read and dropped. One that is announced in
     * another length than the manifest's is refused before it is read.
     *
     * @param sent as it comes
     * @param buffers one of which it passes through; before that nothing is read
     * @return what is wrong with it, or empty when it is here now
     * @throws IOException when the sender stops sending
     * @throws CoordinatorException {@code STORAGE}: the part stays missing
     */
    Optional<ApiRefusal> receive(Digest part, PartBody sent, PartBuffers buffers)
            throws IOException, InterruptedException {
        PartSlot slot = slots.get(part);
        if (slot == null) {
            return Optional.of(notAwaited(part));
        }
        if (sent.deniesToHave(slot.bytes())) {
            return Optional.of(
                    wrongLength(part, slot, Long.toString(sent.announced().getAsLong())));
        }
        try (PartBuffers.Lent lent = buffers.take(manifest.member().value(), sent.memory());
                InputStream body = sent.open(slot.bytes())) {
            return receive(part, slot, body, lent.bytes());
        } catch (WeightsException e) {
            if (e.code() != WeightsException.Code.PART_CODING) {
                throw e;
            }
            return Optional.of(
                    new ApiRefusal(ApiCode.PART_CODING, "part " + part + ": " + e.getMessage()));
        }
    }

    private Optional<ApiRefusal> receive(
            Digest part, PartSlot slot, InputStream body, byte[] buffer) throws IOException {
        OptionalLong claim = slot.claim();
        if (claim.isEmpty()) {
            while (body.read(buffer) >= 0) {
                // It is here already.
            }
            return Optional.empty();
        }
        try (PartWriter writer = PartWriter.open(slot)) {
            MessageDigest hash = Digest.sha256();
            CRC32C crc = new CRC32C();
            long at = 0;
            for (int read; (read = body.readNBytes(buffer, 0, buffer.length)) > 0; at += read) {
                if (at + read > slot.bytes()) {
                    return Optional.of(wrongLength(part, slot, "more"));
                }
                hash.update(buffer, 0, read);
                crc.update(buffer, 0, read);
                if (!slot.ifClaimedBy(claim.getAsLong(), writer, buffer, read, at)) {
                    return Optional.of(superseded(part));
                }
            }
            if (at < slot.bytes()) {
                return Optional.of(wrongLength(part, slot, Long.toString(at)));
            }
            Digest found = Digest.ofHash(hash.digest());
            if (!found.equals(part)) {
                return Optional.of(
                        new ApiRefusal(
                                ApiCode.DIGEST_MISMATCH,
                                "what was sent as part " + part + " has SHA-256 " + found));
            }
            sums.learn(part, (int) crc.getValue());
            // Here, while other parts are under way, and not at the end, when all would wait for
            // it.
            writer.sync();
            return slot.finish(claim.getAsLong())
                    ? Optional.empty()
                    : Optional.of(superseded(part));
        }
    }

    /** Brings all files to the disk. */
    void flush() {
        FileTrees.sync(folder);
    }

    static ApiRefusal notAwaited(Digest what) {
        return new ApiRefusal(
                ApiCode.NOT_AWAITED,
                "no open contribution names " + what + "; post its manifest (again) first");
    }

    private static ApiRefusal superseded(Digest part) {
        return new ApiRefusal(
                ApiCode.SUPERSEDED, "part " + part + " is being sent again by a newer request");
    }

    private static ApiRefusal wrongLength(Digest part, PartSlot slot, String found) {
        return new ApiRefusal(
                ApiCode.WRONG_LENGTH,
                "part %s has %d bytes in the manifest, but %s were sent"
                        .formatted(part, slot.bytes(), found));
    }
}
