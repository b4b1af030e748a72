package dev.tapestry.acceptance.fuzz;

import dev.tapestry.acceptance.fuzz.ForeignReader.Language;
import dev.tapestry.node.trainer.TrainerReaders;
import java.util.List;
import java.util.stream.Stream;

/** All readers of foreign bytes, room by room. */
final class ForeignReaders {

    private ForeignReaders() {}

    static List<ForeignReader> all() {
        return Stream.of(
                        DocumentReaders.all(),
                        TrustReaders.all(),
                        SettingsReaders.all(),
                        WeightsReaders.all(),
                        CorpusReaders.all(),
                        trainer())
                .flatMap(List::stream)
                .toList();
    }

    static ForeignReader named(String name) {
        return all().stream()
                .filter(reader -> reader.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    static List<ForeignReader> of(Language language) {
        return all().stream().filter(reader -> reader.language() == language).toList();
    }

    /** What an own trainer leaves; its readers are its package's own. */
    private static List<ForeignReader> trainer() {
        return List.of(
                new ForeignReader(
                        Language.JSON,
                        "trainer-metrics",
                        "NodeException",
                        TrainerReaders::metrics,
                        _ -> TrainerReaders.metricsSeeds()),
                new ForeignReader(
                        Language.JSON,
                        "trainer-done",
                        "NodeException",
                        TrainerReaders::done,
                        _ -> TrainerReaders.doneSeeds()),
                new ForeignReader(
                        Language.JSON,
                        "trainer-job",
                        "NodeException",
                        TrainerReaders::description,
                        _ -> TrainerReaders.descriptionSeeds()));
    }
}
