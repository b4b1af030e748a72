package dev.tapestry.app.study.parity;

import dev.tapestry.consortium.MemberId;
import java.util.Arrays;
import java.util.List;

/** Who takes part in a study; each member has another language or field. */
public enum Group {
    /** Two related languages. */
    TWO("es it"),
    /** Two pairs of related languages; of the first pair the adopted base has seen a little. */
    FOUR("da es it sv"),
    /** Languages of four families, two scripts and two fields, one member with little text. */
    EIGHT("da el es fi health it ro sv");

    private final String members;

    Group(String members) {
        this.members = members;
    }

    /** Its members, sorted. */
    public List<MemberId> members() {
        return Arrays.stream(members.split(" ")).map(MemberId::new).toList();
    }
}
