package dev.tapestry.app;

import dev.tapestry.app.command.TapestryCommand;

/** Starts Tapestry: one program, whose first word says which part. */
public final class Main {

    private Main() {}

    /** Runs one command and ends with its exit code. */
    public static void main(String[] args) {
        System.exit(TapestryCommand.run(args));
    }
}
