package dev.tapestry.weights.codec;

import dev.tapestry.weights.DType;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.Residency;
import dev.tapestry.weights.SafetensorsFile;
import dev.tapestry.weights.TensorSpec;
import dev.tapestry.weights.WeightsException;
import dev.tapestry.weights.WeightsException.Code;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongConsumer;

/**
 * A coded update: one safetensors file with a tensor of bytes for each tensor of the model.
 *
 * <pre>{@code
 * CodedUpdate.encode(Codec.INT4, base, trained, Feedback.first(residual), file, threads);
 * CodedUpdate.apply(file, base, newModel, threads);
 * }</pre>
 *
 * <p>Its metadata are {@code {"format": "tapestry-update", "codec": "int4/1"}}; keys that are not
 * known here are left alone. Each tensor is U8 with one dimension; the shape of what it stands for
 * is the base's.
 *
 * <p>Opened, it is mapped and believes nothing: names and lengths are checked at once, a group when
 * it is read. Any number of threads may have a {@link Reader} each.
 */
public final class CodedUpdate implements AutoCloseable {

    static final String FORMAT = "format";
    static final String UPDATE = "tapestry-update";
    static final String CODEC = "codec";

    private final SafetensorsFile file;
    private final Codec codec;
    private final Map<String, TensorSpec> tensors;
    private final Map<String, GroupOffsets> offsets = new TreeMap<>();

    private CodedUpdate(SafetensorsFile file, Map<String, TensorSpec> tensors) {
        this.file = file;
        this.tensors = Map.copyOf(tensors);
        this.codec = codec(file);
        SameTensors.requireNames(tensors, file.tensors(), file.path().toString());
        GroupCoder coder = codec.coder(new ScalarKernels()); // only its lengths are asked
        for (TensorSpec spec : tensors.values()) {
            requireBytes(spec.name());
            offsets.put(spec.name(), GroupOffsets.of(coder, spec, file.data(spec.name())));
        }
    }

    /**
     * Encodes what a member learned: u = β·e + (θ − θₘ).
     *
     * <p>Everything is streamed. The file {@code target} appears in one step, and after it, also in
     * one step, the new residual: whoever is interrupted between the two encodes once more from the
     * old residual and gets the same bytes.
     *
     * @param base θ
     * @param trained θₘ
     * @param threads how many work; the bytes do not depend on it
     * @throws WeightsException {@code NOT_FINITE} with tensor and index if u holds NaN or infinity,
     *     {@code TENSOR} or {@code SHAPE} if trained model or residual have other tensors than the
     *     base, {@code MISSING_FILE} or {@code CODEC} if the residual is not there or none; then
     *     nothing is written
     */
    public static void encode(
            Codec codec,
            ModelDirectory base,
            ModelDirectory trained,
            Feedback feedback,
            Path target,
            int threads) {
        encode(codec, Update.between(base, trained), feedback, target, threads);
    }

    /**
     * Encodes what a member learned, as above.
     *
     * @param counted hears how many numbers more are done, on one thread at a time; it must return
     *     at once
     */
    public static void encode(
            Codec codec,
            ModelDirectory base,
            ModelDirectory trained,
            Feedback feedback,
            Path target,
            int threads,
            LongConsumer counted) {
        Update update = Update.between(base, trained);
        UpdateEncoding.run(codec, update, feedback, target, threads, counted);
    }

    /** Encodes any update, as above. */
    public static void encode(
            Codec codec, Update update, Feedback feedback, Path target, int threads) {
        UpdateEncoding.run(codec, update, feedback, target, threads, _ -> {});
    }

    /**
     * Encodes the tensors of a model directory themselves, widened to F32, for {@link #decode}:
     * what the codec loses is lost.
     *
     * @throws WeightsException as above, and what {@link ModelDirectory#open} refuses
     */
    public static void encodeAfresh(Codec codec, Path numbers, Path target, int threads) {
        try (ModelDirectory tensors = ModelDirectory.open(numbers)) {
            encode(codec, Update.of(tensors), Feedback.none(), target, threads);
        }
    }

    /**
     * Writes θ′ = θ − decode(c) to the new model directory {@code target}: F32, with the shards and
     * the other files of {@code base}; the same bytes on every machine.
     *
     * @throws WeightsException what {@link #open} and {@link Reader#read} refuse; {@code DTYPE} if
     *     the base is not F32; {@code NOT_FINITE} if θ′ is not finite; then nothing is written
     */
    public static void apply(Path coded, ModelDirectory base, Path target, int threads) {
        apply(coded, base, target, threads, _ -> {});
    }

    /**
     * The same.
     *
     * @param counted hears how many numbers more are done, on one thread at a time; it must return
     *     at once
     */
    public static void apply(
            Path coded, ModelDirectory base, Path target, int threads, LongConsumer counted) {
        UpdateApplication.run(coded, base, target, threads, counted);
    }

    /**
     * Writes decode(c) itself to the new model directory {@code target}: F32, with the shards and
     * the other files of {@code like}; for what is coded afresh and not against a base.
     *
     * @throws WeightsException as {@link #apply}
     */
    public static void decode(Path coded, ModelDirectory like, Path target, int threads) {
        UpdateApplication.decode(coded, like, target, threads);
    }

    /**
     * Opens a coded update of a model with {@code tensors}.
     *
     * @throws WeightsException {@code CODEC} for another format or codec, {@code TENSOR} for other
     *     names, {@code DTYPE} or {@code SHAPE} for what are not bytes, {@code PAYLOAD} for lengths
     *     that do not fit, and what {@link SafetensorsFile#open} refuses
     */
    public static CodedUpdate open(Path path, Map<String, TensorSpec> tensors) {
        SafetensorsFile file = SafetensorsFile.open(path);
        try {
            return new CodedUpdate(file, tensors);
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    private static Codec codec(SafetensorsFile file) {
        String format = file.metadata().getOrDefault(FORMAT, "");
        if (!format.equals(UPDATE)) {
            throw new WeightsException(
                    Code.CODEC,
                    file.path() + " is no coded update: its metadata lack format " + UPDATE);
        }
        return Codec.named(file.metadata().getOrDefault(CODEC, ""));
    }

    private void requireBytes(String name) {
        TensorSpec spec = file.tensors().get(name);
        if (spec == null || spec.dtype() != DType.U8 || spec.shape().size() != 1) {
            throw new WeightsException(
                    spec == null || spec.dtype() != DType.U8 ? Code.DTYPE : Code.SHAPE,
                    "tensor '" + name + "' in " + file.path() + " is not U8 of one dimension");
        }
    }

    /** The codec of all its tensors. */
    public Codec codec() {
        return codec;
    }

    /** The bytes of all tensors, without the file's header. */
    public long bytes() {
        return file.tensors().values().stream().mapToLong(TensorSpec::bytes).sum();
    }

    /**
     * The Euclidean norm of all its numbers; reads all of them.
     *
     * @throws WeightsException what {@link Reader#read} refuses
     */
    public double norm() {
        Reader reader = reader();
        float[] values = new float[Codec.GROUP];
        double squares = 0;
        for (GroupPlace place : GroupPlace.all(tensors.values())) {
            int count = reader.read(place.tensor(), place.group(), values);
            for (int i = 0; i < count; i++) {
                squares += (double) values[i] * values[i];
            }
        }
        return Math.sqrt(squares);
    }

    /** A reader for one thread. */
    public Reader reader() {
        return new Reader();
    }

    /** Decodes groups, for one thread. */
    public final class Reader {

        private final GroupCoder coder = codec.coder(Kernels.suitedTo(tensors.values()));
        private final GroupBytes bytes = new GroupBytes(coder.maxBytes(Codec.GROUP));

        private Reader() {}

        /**
         * Decodes group {@code group} of {@code tensor}: the numbers from group × {@link
         * Codec#GROUP} on.
         *
         * @param values at least {@link Codec#GROUP} long, or the tensor's elements if fewer
         * @return how many numbers were put into {@code values}; all are finite
         * @throws WeightsException {@code PAYLOAD} with tensor and offset for bytes that the codec
         *     does not write
         */
        public int read(String tensor, long group, float[] values) {
            TensorSpec spec = tensors.get(tensor);
            GroupOffsets places = offsets.get(tensor);
            if (spec == null || places == null) {
                throw new WeightsException(
                        Code.TENSOR, "the update has no tensor '" + tensor + "'");
            }
            int count = Codec.count(spec.elements(), group);
            MemorySegment payload = file.data(tensor);
            bytes.load(tensor, payload, places.begin(group), places.length(group));
            Residency.release(payload, places.begin(group), places.length(group));
            coder.decode(bytes, count, values);
            return count;
        }
    }

    /** Unmaps the file. */
    @Override
    public void close() {
        file.close();
    }
}
