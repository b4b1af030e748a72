package dev.tapestry.training;

import org.bytedeco.pytorch.Tensor;

/** A group of one. */
final class Alone extends ProcessGroup {

    @Override
    public int rank() {
        return 0;
    }

    @Override
    public int size() {
        return 1;
    }

    @Override
    void sum(Tensor tensor) {
        // the sum of one
    }

    @Override
    public void leave(String reason) {
        // nobody listens
    }

    @Override
    public void close() {
        // nothing is held
    }
}
