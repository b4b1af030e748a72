package dev.tapestry.training;

import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;

/**
 * The numbers of tensors, wherever they lie. Those of a contiguous tensor of the processors are
 * read and written where they are; of any other by way of one copy in the machine's memory, as
 * large as the tensor.
 */
final class TensorMemory {

    private TensorMemory() {}

    /**
     * Shows the numbers of {@code tensor}, in the order of its indices and in its format.
     *
     * @param reader must not write, nor keep the segment
     */
    static void read(Tensor tensor, Consumer<MemorySegment> reader) {
        if (direct(tensor)) {
            reader.accept(NativeTensors.memory(tensor));
            return;
        }
        try (PointerScope _ = new PointerScope();
                GradientsOff _ = new GradientsOff()) {
            reader.accept(NativeTensors.memory(copy(tensor)));
        }
    }

    /**
     * Lets the numbers of {@code tensor} be changed; what is not written stays.
     *
     * @param writer must not keep the segment
     */
    static void change(Tensor tensor, Consumer<MemorySegment> writer) {
        if (direct(tensor)) {
            writer.accept(NativeTensors.memory(tensor));
            return;
        }
        try (PointerScope _ = new PointerScope();
                GradientsOff _ = new GradientsOff()) {
            Tensor copy = copy(tensor);
            writer.accept(NativeTensors.memory(copy));
            tensor.copy_(copy);
        }
    }

    /** The same numbers on the device of {@code other}: the tensor itself if it lies there. */
    static Tensor beside(Tensor other, Tensor tensor) {
        return tensor.to(other.device(), tensor.scalar_type());
    }

    private static boolean direct(Tensor tensor) {
        return tensor.is_cpu() && tensor.is_contiguous();
    }

    private static Tensor copy(Tensor tensor) {
        TensorOptions options = Device.CPU.options(tensor.scalar_type());
        Tensor copy = torch.empty(tensor.sizes(), options, new MemoryFormatOptional());
        copy.copy_(tensor); // returns an alias that does not own its memory
        return copy;
    }
}
