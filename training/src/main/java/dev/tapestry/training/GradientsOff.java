package dev.tapestry.training;

import org.bytedeco.pytorch.NoGradGuard;

/** No gradients are recorded on this thread until this is closed. */
final class GradientsOff implements AutoCloseable {

    private final NoGradGuard guard = new NoGradGuard();

    @Override
    public void close() {
        guard.close();
    }
}
