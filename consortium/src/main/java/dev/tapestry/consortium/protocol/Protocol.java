package dev.tapestry.consortium.protocol;

/** Constants of the HTTP contract. */
public final class Protocol {

    /** The version that this program speaks. */
    public static final int VERSION = 1;

    /** The header in which every request and response names its version. */
    public static final String VERSION_HEADER = "Tapestry-Protocol";

    /**
     * The header in which a coordinator says in which content coding (RFC 9110 §8.4) it takes and
     * gives parts; absent where it takes them as they are only.
     */
    public static final String PART_CODING_HEADER = "Tapestry-Part-Coding";

    /** DSSE payload type of a {@link dev.tapestry.consortium.ContributionManifest}. */
    public static final String CONTRIBUTION_TYPE = "application/vnd.tapestry.contribution+json";

    /** DSSE payload type of a {@link ScoreReport}. */
    public static final String SCORE_TYPE = "application/vnd.tapestry.score+json";

    /** DSSE payload type of a member's statement that another key takes the place of its key. */
    public static final String KEY_TYPE = "application/vnd.tapestry.key-replacement+json";

    private Protocol() {}
}
