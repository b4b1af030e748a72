package dev.tapestry.app.study;

import dev.tapestry.consortium.MemberId;
import dev.tapestry.weights.ModelDirectory;
import java.nio.file.Path;
import java.util.SortedMap;

/** What stands between the members' contributions and the merge of a simulated round. */
public interface Intake {

    /** Admits every contribution as it came. */
    Intake OPEN = new Intake() {};

    /**
     * The contributions of a round that are merged.
     *
     * @param base the round's base
     * @param contributions directories of weights, by member
     * @param folder of the round; what is written below {@code taken-in} is this intake's own
     * @return at least one, in the place of those that came
     */
    default SortedMap<MemberId, Path> admit(
            ModelDirectory base, SortedMap<MemberId, Path> contributions, Path folder) {
        return contributions;
    }

    /** Sees what a round's merge made of {@code base}. */
    default void merged(ModelDirectory base, ModelDirectory candidate) {}
}
