package dev.tapestry.coordinator;

import dev.tapestry.consortium.MergeFigures;
import dev.tapestry.consortium.MergeFigures.Agreement;
import java.util.List;
import java.util.Optional;

/** Figures of merges that never were. */
final class Figures {

    private Figures() {}

    static MergeFigures of(double normRatio, double updateNorm) {
        return new MergeFigures(
                0.7,
                Optional.empty(),
                updateNorm,
                List.of(
                        new Agreement(
                                MergeFigures.ALL,
                                normRatio,
                                Optional.of(-0.125),
                                Optional.of(0.5),
                                Optional.of(2.5),
                                Optional.of(0.0)),
                        new Agreement(
                                "MLP",
                                normRatio,
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty())));
    }
}
