package dev.tapestry.app.demo;

import static dev.tapestry.app.demo.DemoMember.CLINIC;
import static dev.tapestry.app.demo.DemoMember.ENGLISH;
import static dev.tapestry.app.demo.DemoMember.INSURER;
import static dev.tapestry.app.demo.DemoMember.ITALIAN;
import static dev.tapestry.app.demo.DemoMember.LABORATORY;
import static dev.tapestry.app.demo.DemoMember.PHARMACY;
import static dev.tapestry.app.demo.DemoMember.ROMANIAN;
import static dev.tapestry.app.demo.DemoMember.SPANISH;

import java.util.List;

/** The consortia that the demo can show. */
public enum DemoConsortium {
    /** Four institutions of health care: one language, fields of their own, little text each. */
    HEALTH,
    /** Three related languages, one of them with little text, and one other field. */
    NATIONS;

    /** Its members, in the order of the table. */
    public List<DemoMember> members() {
        return switch (this) {
            case HEALTH -> List.of(CLINIC, INSURER, LABORATORY, PHARMACY);
            case NATIONS -> List.of(SPANISH, ITALIAN, ROMANIAN, ENGLISH);
        };
    }
}
