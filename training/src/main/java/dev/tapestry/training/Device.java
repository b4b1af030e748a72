package dev.tapestry.training;

import dev.tapestry.training.TrainingException.Code;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.DeviceOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * What a model's tensors lie and are computed on: the processors, or one NVIDIA GPU. See
 * docs/decisions on one device for all tensors.
 *
 * @param gpu number of the GPU among those that this process sees, 0 to 99; empty for the
 *     processors
 */
public record Device(OptionalInt gpu) {

    /** The processors, with the machine's memory. */
    public static final Device CPU = new Device(OptionalInt.empty());

    private static final Pattern CUDA = Pattern.compile("cuda(?::(0|[1-9][0-9]?))?");

    public Device {
        if (gpu.isPresent() && (gpu.getAsInt() < 0 || gpu.getAsInt() > 99)) {
            throw invalid("cuda:" + gpu.getAsInt());
        }
    }

    /**
     * Reads {@code cpu}, {@code cuda} (which is {@code cuda:0}) or {@code cuda:N}.
     *
     * @throws TrainingException {@code INVALID_PLAN} for any other word
     */
    public static Device of(String word) {
        if (word.equals("cpu")) {
            return CPU;
        }
        Matcher cuda = CUDA.matcher(word);
        if (!cuda.matches()) {
            throw invalid(word);
        }
        String index = cuda.group(1);
        return new Device(OptionalInt.of(index == null ? 0 : Integer.parseInt(index)));
    }

    /**
     * Refuses to go on where libtorch cannot compute on this device.
     *
     * @throws TrainingException {@code DEVICE}, with what is missing and what to do
     */
    public void require() {
        if (gpu.isPresent()) {
            Libtorch.load();
            missing(torch.getCUDAHooks().hasCUDART(), torch.cuda_device_count())
                    .ifPresent(reason -> {
                        throw new TrainingException(Code.DEVICE, reason);
                    });
        }
    }

    /**
     * What is missing to compute here, and what to do.
     *
     * @param cuda whether libtorch's CUDA half is loaded
     * @param gpus how many GPUs it sees
     */
    Optional<String> missing(boolean cuda, int gpus) {
        if (gpu.isEmpty() || (cuda && gpu.getAsInt() < gpus)) {
            return Optional.empty();
        }
        String reason;
        if (!cuda) {
            reason =
                    "libtorch is loaded without CUDA: set TAPESTRY_LIBTORCH_GPU to the directory of"
                            + " its GPU build, and see that CUDA 13, cuDNN 9 and NCCL 2 are on the"
                            + " library path (docs/guide/node-operator.md, 'Train on a GPU')";
        } else if (gpus == 0) {
            reason =
                    "libtorch sees no NVIDIA GPU: look whether nvidia-smi lists one, whether the"
                            + " driver is new enough, and at CUDA_VISIBLE_DEVICES";
        } else {
            reason = "libtorch sees %d GPUs, cuda:0 to cuda:%d".formatted(gpus, gpus - 1);
        }
        return Optional.of("device %s: %s; or train on the device cpu".formatted(this, reason));
    }

    /** Waits until all that was asked of a GPU is done. */
    void await() {
        if (gpu.isPresent()) {
            torch.getCUDAHooks().deviceSynchronize((byte) gpu.getAsInt());
        }
    }

    /** Whether a tensor lies here. */
    boolean holds(Tensor tensor) {
        return gpu.isEmpty()
                ? tensor.is_cpu()
                : tensor.is_cuda() && tensor.device().index() == gpu.getAsInt();
    }

    /** That a new tensor of {@code type} lies here; to be asked in the scope that makes it. */
    TensorOptions options(ScalarType type) {
        TensorOptions options = new TensorOptions(type);
        if (gpu.isEmpty()) {
            return options;
        }
        org.bytedeco.pytorch.Device there =
                new org.bytedeco.pytorch.Device(DeviceType.CUDA, (byte) gpu.getAsInt());
        return options.device(new DeviceOptional(there));
    }

    private static TrainingException invalid(String word) {
        return new TrainingException(
                Code.INVALID_PLAN, "device is cpu, cuda or cuda:N (0 to 99), not '" + word + "'");
    }

    /** As settings and options write it. */
    @Override
    public String toString() {
        return gpu.isEmpty() ? "cpu" : "cuda:" + gpu.getAsInt();
    }
}
