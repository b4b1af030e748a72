package dev.tapestry.training;

import dev.tapestry.training.TrainingException.Code;
import java.util.function.Supplier;

/** What libtorch is asked for, with its failures named. */
final class Libtorch {

    private Libtorch() {}

    /**
     * Does {@code work}.
     *
     * @param doing what it is, for the message
     * @throws TrainingException {@code ENGINE} with the first line of what libtorch says, if it
     *     fails; what the work itself throws otherwise
     */
    static <T> T does(String doing, Supplier<T> work) {
        return does(doing, "", work);
    }

    /** The same with what to do if it fails, to be said after the reason. */
    static <T> T does(String doing, String advice, Supplier<T> work) {
        try {
            return work.get();
        } catch (RuntimeException e) {
            // JavaCPP makes one of these of every C++ exception; our own are of other classes.
            if (e.getClass() != RuntimeException.class) {
                throw e;
            }
            String said = String.valueOf(e.getMessage()).lines().findFirst().orElse("no reason");
            throw new TrainingException(
                    Code.ENGINE, "%s: libtorch failed: %s%s".formatted(doing, said, advice), e);
        }
    }
}
