package dev.tapestry.node.serving;

import java.net.URI;
import java.util.Optional;

/**
 * The member's own model server.
 *
 * @param address of its API
 * @param model its name there
 * @param key that it asks for, if it does
 */
public record Gateway(URI address, String model, Optional<String> key) {

    /** Without the key. */
    @Override
    public String toString() {
        return address + " (" + model + ")";
    }
}
