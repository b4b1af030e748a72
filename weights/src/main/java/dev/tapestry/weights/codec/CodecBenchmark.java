package dev.tapestry.weights.codec;

import dev.tapestry.consortium.ModelManifest;
import dev.tapestry.weights.FloatConversion;
import dev.tapestry.weights.transfer.CodedInput;
import dev.tapestry.weights.transfer.PartCoding;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Measures every codec on one thread beside the machine's own memory copy in the same run.
 *
 * <p>The update is synthetic: Student-t with four degrees of freedom, as heavy in its tails as
 * updates are, times a scale for each row of {@value #ROW} numbers that varies by a factor of a
 * few. Encoding reads it from memory, checks that it is finite and writes bytes to memory; decoding
 * checks the bytes and writes numbers. Encoding, decoding and copying take turns, so that all have
 * the same neighbours on a shared machine. Rates count the bytes of F32. A part of what was
 * encoded, at most 16 MiB, is compressed as it is for a slow line, and read again.
 */
public final class CodecBenchmark {

    private static final int ROW = 1024;
    private static final int WARM_UPS = 3;

    private CodecBenchmark() {}

    /**
     * What is measured.
     *
     * @param megabytes of F32 in the update (10⁶ bytes), at least 1
     * @param repeats measured passes; the median counts
     * @param seed of the update
     */
    public record Settings(int megabytes, int repeats, long seed) {
        public Settings {
            if (megabytes < 1 || repeats < 1) {
                throw new IllegalArgumentException("megabytes and repeats are at least 1");
            }
        }
    }

    /**
     * What came out; rates in 10⁶ bytes of F32 per second.
     *
     * @param megabytes of F32 in the update
     * @param copyMbPerSecond bytes copied from memory to memory
     * @param codecs in the order of {@link Codec}
     */
    public record Report(int megabytes, double copyMbPerSecond, List<Row> codecs) {}

    /**
     * One codec.
     *
     * @param codec its name on the wire
     * @param encodeMbPerSecond F32 encoded
     * @param decodeMbPerSecond F32 decoded
     * @param bytesPerParameter encoded bytes over numbers
     * @param relativeError ‖u − û‖ / ‖u‖
     * @param saving the part of the encoded bytes that compressing a part for its way saves
     * @param compressMbPerSecond encoded bytes compressed, in 10⁶
     * @param decompressMbPerSecond encoded bytes that were read again, in 10⁶
     */
    public record Row(
            String codec,
            double encodeMbPerSecond,
            double decodeMbPerSecond,
            double bytesPerParameter,
            double relativeError,
            double saving,
            double compressMbPerSecond,
            double decompressMbPerSecond) {}

    /** Measures all codecs. */
    public static Report run(Settings settings) {
        long elements = settings.megabytes() * 1_000_000L / Float.BYTES;
        try (Arena arena = Arena.ofConfined()) {
            Memory memory =
                    new Memory(
                            arena.allocate(elements * Float.BYTES, 64),
                            arena.allocate(elements * Float.BYTES + Codec.GROUP, 64),
                            arena.allocate(elements * Float.BYTES, 64));
            fill(memory.update, settings.seed());
            List<Double> copies = new ArrayList<>();
            List<Row> rows = new ArrayList<>();
            for (Codec codec : Codec.values()) {
                rows.add(measure(codec, memory, settings, copies));
            }
            double bytes = elements * (double) Float.BYTES;
            return new Report(settings.megabytes(), bytes / median(copies) / 1e6, rows);
        }
    }

    /** The update, what it is coded to, and what that is decoded to. */
    private record Memory(MemorySegment update, MemorySegment coded, MemorySegment decoded) {
        long elements() {
            return update.byteSize() / Float.BYTES;
        }
    }

    private static Row measure(Codec codec, Memory memory, Settings settings, List<Double> copies) {
        Pass pass = new Pass(codec, memory);
        List<Double> encoding = new ArrayList<>();
        List<Double> decoding = new ArrayList<>();
        List<Double> compressing = new ArrayList<>();
        List<Double> decompressing = new ArrayList<>();
        for (int repeat = -WARM_UPS; repeat < settings.repeats(); repeat++) {
            double encode = seconds(pass::encode);
            double decode = seconds(pass::decode);
            double error = pass.relativeError();
            double copy = seconds(() -> memory.decoded.copyFrom(memory.update));
            Wrapped part = new Wrapped(memory.coded, pass.codedBytes);
            double compress = seconds(part::compress);
            double decompress = seconds(part::decompress);
            if (repeat >= 0) {
                compressing.add(compress);
                decompressing.add(decompress);
                encoding.add(encode);
                decoding.add(decode);
                copies.add(copy);
            }
            if (repeat == settings.repeats() - 1) {
                double megabytes = memory.update.byteSize() / 1e6;
                return new Row(
                        codec.wireName(),
                        megabytes / median(encoding),
                        megabytes / median(decoding),
                        (double) pass.codedBytes / memory.elements(),
                        error,
                        part.saving(),
                        part.bytes() / 1e6 / median(compressing),
                        part.bytes() / 1e6 / median(decompressing));
            }
        }
        throw new IllegalStateException("nothing was repeated");
    }

    private static double seconds(Runnable work) {
        long begun = System.nanoTime();
        work.run();
        return (System.nanoTime() - begun) / 1e9;
    }

    private static double median(List<Double> values) {
        return values.stream().sorted().toList().get(values.size() / 2);
    }

    private static void fill(MemorySegment update, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        double scale = 0;
        for (long i = 0; i < update.byteSize() / Float.BYTES; i++) {
            if (i % ROW == 0) {
                scale = 1e-3 * Math.exp(random.nextGaussian() / 2);
            }
            float value = (float) (scale * studentT4(random));
            update.set(FloatConversion.FLOAT_LE, i * Float.BYTES, value);
        }
    }

    /** z / √(χ²₄ / 4), where χ²₄ is −2 ln of a product of two uniform numbers. */
    static double studentT4(SplittableRandom random) {
        double product = (1 - random.nextDouble()) * (1 - random.nextDouble());
        return random.nextGaussian() / Math.sqrt(-Math.log(product) / 2 + Double.MIN_NORMAL);
    }

    /** A part of what was encoded, compressed as on a slow line. */
    private static final class Wrapped {
        private final byte[] part;
        private final byte[] compressed;
        private int length;

        Wrapped(MemorySegment coded, long bytes) {
            part =
                    coded.asSlice(0, Math.min(bytes, ModelManifest.PART_BYTES))
                            .toArray(ValueLayout.JAVA_BYTE);
            compressed = new byte[(int) PartCoding.longest(part.length)];
        }

        void compress() {
            byte[] chunk = new byte[PartCoding.CHUNK_BYTES];
            byte[] frame = new byte[PartCoding.LONGEST_CHUNK];
            length = 0;
            for (int at = 0; at < part.length; at += chunk.length) {
                int count = Math.min(chunk.length, part.length - at);
                System.arraycopy(part, at, chunk, 0, count);
                int coded = PartCoding.encode(chunk, count, frame);
                System.arraycopy(frame, 0, compressed, length, coded);
                length += coded;
            }
        }

        void decompress() {
            byte[] buffer = new byte[PartCoding.CHUNK_BYTES];
            InputStream in = new ByteArrayInputStream(compressed, 0, length);
            try (CodedInput decoded = new CodedInput(in, part.length)) {
                int at = 0;
                for (int read; (read = decoded.readNBytes(buffer, 0, buffer.length)) > 0; ) {
                    if (!Arrays.equals(buffer, 0, read, part, at, at + read)) {
                        throw new IllegalStateException("a part came back as another");
                    }
                    at += read;
                }
                if (at != part.length) {
                    throw new IllegalStateException(at + " of " + part.length + " bytes came back");
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        double saving() {
            return 1 - (double) length / part.length;
        }

        int bytes() {
            return part.length;
        }
    }

    /** One codec's way through the whole update. */
    private static final class Pass {

        private final Memory memory;
        private final GroupCoder coder;
        private final Kernels kernels = Kernels.fastest();
        private final float[] values = new float[Codec.GROUP];
        private final byte[] out;
        private final GroupBytes in;
        private long codedBytes;

        Pass(Codec codec, Memory memory) {
            this.memory = memory;
            this.coder = codec.coder();
            this.out = new byte[coder.maxBytes(Codec.GROUP) + GroupCoder.SLACK];
            this.in = new GroupBytes(coder.maxBytes(Codec.GROUP));
        }

        void encode() {
            codedBytes = 0;
            for (long group = 0; group < Codec.groups(memory.elements()); group++) {
                int count = load(memory.update, group);
                if (Finite.firstNot(kernels, values, count) >= 0) {
                    throw new IllegalStateException("the synthetic update is not finite");
                }
                int length = coder.encode(values, count, out);
                MemorySegment.copy(out, 0, memory.coded, ValueLayout.JAVA_BYTE, codedBytes, length);
                codedBytes += length;
            }
        }

        void decode() {
            long at = 0;
            for (long group = 0; group < Codec.groups(memory.elements()); group++) {
                int count = Codec.count(memory.elements(), group);
                int length = (int) coder.length(memory.coded, at, count);
                in.load("update", memory.coded, at, length);
                coder.decode(in, count, values);
                long to = group * Codec.GROUP * Float.BYTES;
                MemorySegment.copy(values, 0, memory.decoded, FloatConversion.FLOAT_LE, to, count);
                at += length;
            }
        }

        private int load(MemorySegment from, long group) {
            int count = Codec.count(memory.elements(), group);
            long at = group * Codec.GROUP * Float.BYTES;
            MemorySegment.copy(from, FloatConversion.FLOAT_LE, at, values, 0, count);
            return count;
        }

        double relativeError() {
            double error = 0;
            double norm = 0;
            for (long group = 0; group < Codec.groups(memory.elements()); group++) {
                int count = load(memory.decoded, group);
                float[] decoded = Arrays.copyOf(values, count);
                load(memory.update, group);
                for (int i = 0; i < count; i++) {
                    double difference = (double) values[i] - decoded[i];
                    error += difference * difference;
                    norm += (double) values[i] * values[i];
                }
            }
            return Math.sqrt(error / norm);
        }
    }
}
