package dev.tapestry.weights.codec;

import dev.tapestry.weights.DType;
import dev.tapestry.weights.Drafts;
import dev.tapestry.weights.FloatConversion;
import dev.tapestry.weights.SafetensorsWriter;
import dev.tapestry.weights.TensorSpec;
import dev.tapestry.weights.WeightsException;
import dev.tapestry.weights.WeightsException.Code;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Writes a coded update and its residual.
 *
 * <p>How long a tensor becomes is known only when it is encoded, but stands before it in the file:
 * so all groups go to a draft first, and from there to their places.
 */
final class UpdateEncoding {

    private static final int COPY_BYTES = 1 << 20;

    private final Codec codec;
    private final Update update;
    private final float decay;
    private final @Nullable Residual before;
    private final @Nullable SafetensorsWriter after;

    private UpdateEncoding(
            Codec codec,
            Update update,
            double decay,
            @Nullable Residual before,
            @Nullable SafetensorsWriter after) {
        this.codec = codec;
        this.update = update;
        this.decay = (float) decay;
        this.before = before;
        this.after = after;
    }

    static void run(
            Codec codec,
            Update update,
            Feedback feedback,
            Path target,
            int threads,
            LongConsumer counted) {
        SequencedMap<String, TensorSpec> tensors = update.tensors();
        try (Residual before =
                        feedback.before().map(path -> Residual.open(path, tensors)).orElse(null);
                SafetensorsWriter after =
                        feedback.after()
                                .map(path ->
                                        SafetensorsWriter.create(
                                                path,
                                                List.copyOf(tensors.values()),
                                                Map.of(CodedUpdate.FORMAT, Residual.FORMAT)))
                                .orElse(null)) {
            new UpdateEncoding(codec, update, feedback.decay(), before, after)
                    .run(target, threads, counted);
            if (after != null) {
                after.commit();
            }
        }
    }

    private void run(Path target, int threads, LongConsumer counted) {
        Path spool = Drafts.beside(target);
        try (FileChannel channel =
                FileChannel.open(
                        spool,
                        StandardOpenOption.CREATE_NEW,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.DELETE_ON_CLOSE)) {
            Map<String, Long> lengths = new TreeMap<>();
            OrderedWork.run(
                    GroupPlace.all(update.tensors().values()),
                    threads,
                    Worker::new,
                    Worker::encode,
                    worker -> {
                        lengths.merge(worker.tensor, worker.append(channel, spool), Long::sum);
                        counted.accept(worker.count);
                    });
            publish(channel, lengths, target);
        } catch (IOException e) {
            throw WeightsException.io("write", target, e);
        }
    }

    private void publish(FileChannel spool, Map<String, Long> lengths, Path target)
            throws IOException {
        List<TensorSpec> specs = new ArrayList<>();
        for (String name : update.tensors().keySet()) {
            specs.add(TensorSpec.of(name, DType.U8, lengths.getOrDefault(name, 0L)));
        }
        Map<String, String> metadata =
                Map.of(CodedUpdate.FORMAT, CodedUpdate.UPDATE, CodedUpdate.CODEC, codec.wireName());
        ByteBuffer buffer = ByteBuffer.allocateDirect(COPY_BYTES);
        long position = 0;
        try (SafetensorsWriter writer = SafetensorsWriter.create(target, specs, metadata)) {
            for (TensorSpec spec : specs) {
                for (long at = 0; at < spec.bytes(); ) {
                    buffer.clear().limit((int) Math.min(COPY_BYTES, spec.bytes() - at));
                    position += spool.read(buffer, position);
                    buffer.flip();
                    long copied = buffer.remaining();
                    writer.write(spec.name(), at, buffer);
                    at += copied;
                }
            }
            writer.commit();
        }
    }

    /** The scratch memory of one group on its way. */
    private final class Worker {

        private final Kernels kernels = Kernels.suitedTo(update.tensors().values());
        private final GroupCoder coder = codec.coder(kernels);
        private final float[] values = new float[Codec.GROUP];
        private final float[] other = new float[Codec.GROUP];
        private final byte[] coded = new byte[coder.maxBytes(Codec.GROUP) + GroupCoder.SLACK];
        private final GroupBytes back = new GroupBytes(coder.maxBytes(Codec.GROUP));
        private final ByteBuffer residual =
                ByteBuffer.allocate(after == null ? 0 : Codec.GROUP * Float.BYTES);
        private String tensor = "";
        private int length;
        private int count;

        void encode(GroupPlace place) {
            update.read(place.tensor(), place.first(), place.count(), values);
            if (before != null) {
                before.add(place, decay, values, other);
            }
            requireFinite(place);
            tensor = place.tensor();
            count = place.count();
            length = coder.encode(values, place.count(), coded);
            if (after != null) {
                keepResidual(place, after);
            }
        }

        private void requireFinite(GroupPlace place) {
            int bad = Finite.firstNot(kernels, values, place.count());
            if (bad >= 0) {
                throw new WeightsException(
                        Code.NOT_FINITE,
                        "the update of tensor '%s' is %s at index %d: it cannot be encoded"
                                .formatted(place.tensor(), values[bad], place.first() + bad));
            }
        }

        private void keepResidual(GroupPlace place, SafetensorsWriter writer) {
            back.load(tensor, MemorySegment.ofArray(coded), 0, length);
            coder.decode(back, place.count(), other);
            for (int i = 0; i < place.count(); i++) {
                values[i] -= other[i];
            }
            residual.clear().limit(place.count() * Float.BYTES);
            MemorySegment.copy(
                    values,
                    0,
                    MemorySegment.ofBuffer(residual),
                    FloatConversion.FLOAT_LE,
                    0,
                    place.count());
            writer.write(tensor, place.first() * Float.BYTES, residual);
        }

        /** Appends the group to the draft; how many bytes it has. */
        long append(FileChannel channel, Path spool) {
            try {
                for (ByteBuffer rest = ByteBuffer.wrap(coded, 0, length); rest.hasRemaining(); ) {
                    channel.write(rest);
                }
                return length;
            } catch (IOException e) {
                throw WeightsException.io("append to", spool, e);
            }
        }
    }
}
