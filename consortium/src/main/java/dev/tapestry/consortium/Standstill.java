package dev.tapestry.consortium;

/**
 * Why a run that is under way begins no round.
 *
 * @param code stable
 * @param detail what is missing, and what to do
 */
public record Standstill(Code code, String detail) {

    /** What can be missing. */
    public enum Code {
        /** Fewer members are enrolled than the charter's quorum. */
        BELOW_QUORUM
    }

    /** Both in one line. */
    public String line() {
        return code + ": " + detail;
    }
}
