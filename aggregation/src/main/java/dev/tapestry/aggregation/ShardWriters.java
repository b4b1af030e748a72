package dev.tapestry.aggregation;

import dev.tapestry.weights.SafetensorsWriter;
import dev.tapestry.weights.TensorSpec;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The files of one shard that are being written: the candidate's and those of the buffers. */
final class ShardWriters implements AutoCloseable {

    private static final Map<String, String> METADATA = Map.of("format", "pt");

    private final SafetensorsWriter target;
    private final Map<Buffer, SafetensorsWriter> state = new EnumMap<>(Buffer.class);

    ShardWriters(MergeFolder folder, String shard, List<TensorSpec> specs, Set<Buffer> kept) {
        this.target = SafetensorsWriter.create(folder.candidate().resolve(shard), specs, METADATA);
        try {
            for (Buffer buffer : kept) {
                state.put(
                        buffer,
                        SafetensorsWriter.create(
                                folder.buffer(buffer).resolve(shard), specs, METADATA));
            }
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    ShardSinks sinks() {
        Map<Buffer, ShardSink> sinks = new EnumMap<>(Buffer.class);
        state.forEach((buffer, writer) -> sinks.put(buffer, writer::write));
        return new ShardSinks(target::write, sinks);
    }

    /** Makes all files durable under their names, the candidate's last. */
    void commit() {
        state.values().forEach(SafetensorsWriter::commit);
        target.commit();
    }

    @Override
    public void close() {
        state.values().forEach(SafetensorsWriter::close);
        target.close();
    }
}
