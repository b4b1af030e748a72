package dev.tapestry.training;

import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * What was computed of earlier positions: a forward pass of new ones puts its keys and values there
 * and looks at all. For one pass, by one thread.
 */
interface Past {

    /**
     * The turns {@code [rows, seq, 1, headSize / 2]} of the new positions, complex; {@code rows} is
     * 1 where all rows stand at the same position.
     */
    Tensor turns(LlamaForward forward, long length);

    /**
     * Puts a layer's new keys {@code [rows, seq, heads, headSize]} behind the others and returns
     * all.
     */
    Tensor appendKeys(int layer, Tensor fresh);

    /** The same for values. */
    Tensor appendValues(int layer, Tensor fresh);

    /** What is added to the scores, {@code [rows or 1, 1, seq, all]}; null where nothing is. */
    @Nullable Tensor mask();

    /** Whether nothing came before, so that each new position looks at itself and those before. */
    boolean isFirst();
}
