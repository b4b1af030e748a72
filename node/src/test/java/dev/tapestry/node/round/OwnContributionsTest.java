package dev.tapestry.node.round;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.ConsortiumEvent.BaseAdopted;
import dev.tapestry.consortium.ConsortiumEvent.BasePublished;
import dev.tapestry.consortium.ConsortiumEvent.ContributionAdmitted;
import dev.tapestry.consortium.ConsortiumEvent.ContributionLost;
import dev.tapestry.consortium.ConsortiumEvent.ContributionRefused;
import dev.tapestry.consortium.ConsortiumEvent.MemberRevoked;
import dev.tapestry.consortium.ConsortiumEvent.RoundAbandoned;
import dev.tapestry.consortium.ConsortiumEvent.RoundRolledBack;
import dev.tapestry.consortium.Contribution;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.Finding;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.RoundNumber;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class OwnContributionsTest {

    private static final MemberId ME = new MemberId("helsinki");
    private static final MemberId OTHER = new MemberId("oulu");
    private static final RoundNumber ONE = new RoundNumber(1);
    private static final Instant AT = Instant.EPOCH;
    private static final ConsortiumEvent PUBLISHED =
            new BasePublished(ONE, digest("base"), Optional.empty(), AT);

    @Test
    void a_contribution_counts_when_a_base_was_made_of_it() {
        assertThat(merged(admitted(ME, "mine"))).isEmpty();
        assertThat(merged(admitted(ME, "mine"), PUBLISHED)).contains(digest("mine"));
        assertThat(merged(admitted(OTHER, "other"), PUBLISHED)).isEmpty();
    }

    @Test
    void a_round_that_the_others_carried_through_leaves_what_was_before() {
        assertThat(
                        merged(
                                admitted(ME, "mine"),
                                PUBLISHED,
                                admitted(OTHER, "other"),
                                refused(OTHER),
                                PUBLISHED))
                .contains(digest("mine"));
    }

    @Test
    void a_round_without_a_base_leaves_what_was_before() {
        for (ConsortiumEvent end :
                new ConsortiumEvent[] {
                    new RoundRolledBack(ONE, "worse", AT), new RoundAbandoned(ONE, "alone", AT)
                }) {
            assertThat(
                            merged(
                                    admitted(ME, "first"),
                                    PUBLISHED,
                                    admitted(ME, "second"),
                                    end,
                                    PUBLISHED))
                    .contains(digest("first"));
        }
    }

    @Test
    void a_contribution_that_was_lost_counts_only_when_it_was_admitted_again() {
        ConsortiumEvent lost = new ContributionLost(ONE, ME, "the disk", AT);
        assertThat(merged(admitted(ME, "mine"), lost, PUBLISHED)).isEmpty();
        assertThat(merged(admitted(ME, "mine"), lost, admitted(ME, "mine"), PUBLISHED))
                .contains(digest("mine"));
        assertThat(
                        merged(
                                admitted(ME, "mine"),
                                new ContributionLost(ONE, OTHER, "the disk", AT),
                                PUBLISHED))
                .contains(digest("mine"));
    }

    @Test
    void a_refusal_a_revocation_and_another_base_reset() {
        ConsortiumEvent[] resets = {
            refused(ME), new MemberRevoked(ME, "left", AT), new BaseAdopted(digest("b"), "open", AT)
        };
        for (ConsortiumEvent reset : resets) {
            assertThat(merged(admitted(ME, "mine"), PUBLISHED, reset)).isEmpty();
        }
        assertThat(merged(admitted(ME, "a"), PUBLISHED, refused(ME), admitted(ME, "b"), PUBLISHED))
                .contains(digest("b"));
        assertThat(merged(admitted(ME, "mine"), new MemberRevoked(ME, "left", AT), PUBLISHED))
                .as("with its member a contribution is gone")
                .isEmpty();
    }

    private static Optional<Digest> merged(ConsortiumEvent... log) {
        OwnContributions own = OwnContributions.NONE;
        for (ConsortiumEvent event : log) {
            own = own.after(event, ME);
        }
        return own.merged();
    }

    private static ConsortiumEvent admitted(MemberId member, String name) {
        return new ContributionAdmitted(
                ONE, new Contribution(member, digest(name), digest("w"), 1, 1, 1), AT);
    }

    private static ConsortiumEvent refused(MemberId member) {
        return new ContributionRefused(ONE, member, Finding.NON_FINITE, "NaN", AT);
    }

    private static Digest digest(String text) {
        return Digest.of(text.getBytes(StandardCharsets.UTF_8));
    }
}
