package dev.tapestry.training;

import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Loads libtorch as {@link Libtorch#load} does before any test of this room touches it by itself.
 */
public final class WithLibtorch implements BeforeAllCallback {

    @Override
    public void beforeAll(ExtensionContext context) {
        Libtorch.load();
    }
}
