package dev.tapestry.coordinator;

import dev.tapestry.coordinator.PartSlot.Place;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** The open files into which one part is being written. */
final class PartWriter implements AutoCloseable {

    private final List<Place> places;
    private final List<FileChannel> files = new ArrayList<>();

    private PartWriter(List<Place> places) {
        this.places = places;
    }

    /** Opens, and where necessary creates, the part's files. */
    static PartWriter open(PartSlot slot) {
        PartWriter writer = new PartWriter(slot.places());
        try {
            for (Place place : slot.places()) {
                writer.files.add(
                        FileChannel.open(
                                place.file(), StandardOpenOption.CREATE, StandardOpenOption.WRITE));
            }
            return writer;
        } catch (IOException e) {
            writer.close();
            throw CoordinatorException.storage("write", slot.places().getFirst().file(), e);
        }
    }

    /** Writes {@code length} bytes at {@code at} bytes from the beginning of the part. */
    void write(byte[] piece, int length, long at) {
        for (int i = 0; i < places.size(); i++) {
            Place place = places.get(i);
            ByteBuffer bytes = ByteBuffer.wrap(piece, 0, length);
            long position = place.offset() + at;
            try {
                while (bytes.hasRemaining()) {
                    position += files.get(i).write(bytes, position);
                }
            } catch (IOException e) {
                throw CoordinatorException.storage("write", place.file(), e);
            }
        }
    }

    /** Brings what was written to the disk. */
    void sync() {
        for (int i = 0; i < places.size(); i++) {
            try {
                files.get(i).force(false);
            } catch (IOException e) {
                throw CoordinatorException.storage("sync", places.get(i).file(), e);
            }
        }
    }

    @Override
    public void close() {
        for (FileChannel file : files) {
            try {
                file.close();
            } catch (IOException e) {
                throw CoordinatorException.storage("close", "a part", e);
            }
        }
    }
}
