package dev.tapestry.app.demo;

import dev.tapestry.consortium.LocalTraining;

/**
 * Work that the demo gives to a process of its own.
 *
 * @param kind what is made
 * @param member whose node works; empty for central training
 * @param base the model directory it starts from
 * @param training how
 */
record Job(Kind kind, String member, String base, LocalTraining training) {

    /** What a job makes. */
    enum Kind {
        /** A member's Sovereign Model from the shared base. */
        SOVEREIGN,
        /** The same member without a consortium. */
        ALONE,
        /** All members' text in one place: what the consortium is compared with. */
        CENTRAL
    }

    /** The name of its files. */
    String name() {
        return kind.name().toLowerCase(java.util.Locale.ROOT)
                + (member.isEmpty() ? "" : "-" + member);
    }

    /** Whether another job needs the same node. */
    boolean sharesMember(Job other) {
        return !member.isEmpty() && member.equals(other.member);
    }

    /**
     * What came out.
     *
     * @param path of the model
     * @param digest of the model
     * @param scores bits per byte on the held-out text of members, before and after
     */
    record Result(String path, String digest, java.util.List<MemberScore> scores) {}

    /**
     * Losses on one member's held-out text.
     *
     * @param before of the model that the job started from
     * @param after of the model that it made
     */
    record MemberScore(String member, double before, double after) {}
}
