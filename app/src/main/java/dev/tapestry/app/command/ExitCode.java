package dev.tapestry.app.command;

/** What a command's end says to the shell. */
enum ExitCode {
    /** It did what it was asked. */
    DONE(0),
    /** It was refused, or failed; the reason is on standard error. */
    REFUSED(1),
    /** The command line is wrong. */
    USAGE(2),
    /** The machine lacks something: a library, memory, disk, a free port. */
    ENVIRONMENT(3),
    /** It was interrupted. */
    INTERRUPTED(130);

    private final int number;

    ExitCode(int number) {
        this.number = number;
    }

    /** The number that the shell sees. */
    int number() {
        return number;
    }
}
