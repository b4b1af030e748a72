package dev.tapestry.consortium;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.ConsortiumEvent.ContributionRefused;
import dev.tapestry.consortium.ConsortiumEvent.MemberRevoked;
import dev.tapestry.consortium.RoundInput.Contributed;
import dev.tapestry.consortium.RoundInput.Merged;
import dev.tapestry.consortium.RoundInput.Revoked;
import dev.tapestry.consortium.RoundInput.Scored;
import java.util.List;

/** A round to which things happen, one after the other, by the sample's charter. */
final class Story {

    private RoundState state;

    private Story(RoundState state) {
        this.state = state;
    }

    static Story begin(MemberId... invited) {
        return new Story(RoundState.Collecting.begin(Sample.plan(invited)));
    }

    RoundState state() {
        return state;
    }

    /** What the input causes, after it took effect. */
    List<ConsortiumEvent> tell(RoundInput input) {
        if (input instanceof Revoked revoked) {
            evolve(new MemberRevoked(revoked.member(), "it was agreed", revoked.at()));
        }
        List<ConsortiumEvent> events = RoundRules.decide(state, input, Sample.CHARTER);
        events.forEach(this::evolve);
        return events;
    }

    /** Why the input was refused. */
    Finding finding(RoundInput input) {
        return ((ContributionRefused) tell(input).getLast()).finding();
    }

    void contribute(MemberId... members) {
        for (MemberId member : members) {
            tell(new Contributed(Sample.contribution(member), Sample.NOON));
            assertThat(state.admitted()).containsKey(member);
        }
    }

    /** These contribute, and their contributions are merged. */
    void merge(MemberId... members) {
        contribute(members);
        tell(new Merged(Sample.candidate(members), Sample.NOON));
    }

    void score(double betterBy, MemberId... members) {
        for (MemberId member : members) {
            tell(new Scored(member, Sample.better(betterBy), Sample.NOON));
        }
    }

    private void evolve(ConsortiumEvent event) {
        state = RoundRules.evolve(state, event);
    }
}
