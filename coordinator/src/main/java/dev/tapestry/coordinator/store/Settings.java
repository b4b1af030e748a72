package dev.tapestry.coordinator.store;

import dev.tapestry.coordinator.CoordinatorException;
import dev.tapestry.coordinator.CoordinatorException.Code;

/** What stores' settings refuse. */
final class Settings {

    private Settings() {}

    static void require(boolean condition, String message) {
        if (!condition) {
            throw new CoordinatorException(Code.CONFIGURATION, message);
        }
    }
}
