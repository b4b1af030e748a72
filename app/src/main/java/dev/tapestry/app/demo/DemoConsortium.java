package dev.tapestry.app.demo;

import java.util.List;

/** The consortia that the demo can show. */
public enum DemoConsortium {
    /** Four institutions of health care: one language, fields of their own, little text each. */
    HEALTH(
            0.005,
            DemoMember.CLINIC,
            DemoMember.INSURER,
            DemoMember.LABORATORY,
            DemoMember.PHARMACY),
    /** Three related languages, one of them with little text, and one other field. */
    NATIONS(0.008, DemoMember.SPANISH, DemoMember.ITALIAN, DemoMember.ROMANIAN, DemoMember.ENGLISH);

    private final double privateRate;
    private final List<DemoMember> members;

    DemoConsortium(double privateRate, DemoMember... members) {
        this.privateRate = privateRate;
        this.members = List.of(members);
    }

    /** Its members, in the order of the table. */
    public List<DemoMember> members() {
        return members;
    }

    /** Peak learning rate of private continued pre-training: the less text, the lower. */
    double privateRate() {
        return privateRate;
    }
}
