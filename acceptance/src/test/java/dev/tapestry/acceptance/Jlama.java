package dev.tapestry.acceptance;

import com.github.tjake.jlama.model.AbstractModel;
import com.github.tjake.jlama.model.ModelSupport;
import com.github.tjake.jlama.safetensors.DType;
import com.github.tjake.jlama.tensor.AbstractTensor;
import com.github.tjake.jlama.tensor.KvBufferCache;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Jlama: somebody else's engine for Hugging Face directories, in Java. */
final class Jlama {

    private Jlama() {}

    /** The probability of each id of the vocabulary after {@code ids}. */
    static float[] probabilitiesAfter(Path directory, List<Integer> ids) {
        AbstractModel model = ModelSupport.loadModel(directory.toFile(), DType.F32, DType.F32);
        try (KvBufferCache cache = new KvBufferCache(model);
                KvBufferCache.KvBuffer memory = cache.getEphemeralKvBuffer()) {
            AbstractTensor<?, ?> last = model.forward(ids.getFirst(), 0, memory, Optional.empty());
            for (int at = 1; at < ids.size(); at++) {
                last = model.forward(ids.get(at), at, memory, Optional.empty());
            }
            return model.getLogits(last);
        } finally {
            model.close();
        }
    }
}
