package dev.tapestry.app;

import dev.tapestry.app.command.CoordinatorProgram;

/**
 * Starts the consortium's server and nothing else. {@code ./tapestry coordinator} runs this with
 * the coordinator's own libraries: that process has no libtorch and nothing that could read a text.
 */
public final class CoordinatorMain {

    private CoordinatorMain() {}

    /** Runs one command and ends with its exit code. */
    public static void main(String[] args) {
        System.exit(CoordinatorProgram.run(args));
    }
}
