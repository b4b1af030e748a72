package dev.tapestry.node;

/**
 * One thing that the {@link Doctor} looked at.
 *
 * @param subject what
 * @param severity how it is
 * @param what was seen, with the values
 * @param advice what to do; empty when it is good
 */
public record HealthFinding(String subject, Severity severity, String what, String advice) {

    /** How something is. */
    public enum Severity {
        /** As it should be. */
        GOOD,
        /** The node works, but somebody should look at it. */
        WORTH_A_LOOK,
        /** The node does not work like this. */
        BROKEN
    }
}
