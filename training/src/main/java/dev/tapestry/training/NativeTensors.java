package dev.tapestry.training;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;

/** Native objects that outlive the scope they were made in; released together. */
final class NativeTensors implements AutoCloseable {

    private final List<Pointer> kept = new ArrayList<>();

    /** Keeps {@code pointer} alive after its scope closes. */
    <P extends Pointer> P keep(P pointer) {
        pointer.retainReference();
        kept.add(pointer);
        return pointer;
    }

    /** The memory of a contiguous tensor on the processor; valid as long as the tensor is. */
    static MemorySegment memory(Tensor tensor) {
        return MemorySegment.ofAddress(tensor.data_ptr().address())
                .reinterpret(tensor.numel() * tensor.element_size());
    }

    @Override
    public void close() {
        kept.reversed().forEach(Pointer::releaseReference);
        kept.clear();
    }
}
