package dev.tapestry.acceptance.fuzz;

import dev.tapestry.acceptance.fuzz.ForeignReader.Language;
import dev.tapestry.coordinator.CoordinatorReaders;
import dev.tapestry.node.box.BoxReaders;
import dev.tapestry.node.trainer.TrainerReaders;
import dev.tapestry.training.LoraAdapter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
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
                        EvaluationReaders.all(),
                        trainer(),
                        adapters(),
                        box(),
                        coordinator())
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

    /** What comes back in a box; its readers are its package's own. */
    private static List<ForeignReader> box() {
        return List.of(
                box(Language.JSON, "box-labels", BoxReaders::label, BoxReaders.labelSeeds()),
                box(Language.JSON, "box-jobs", BoxReaders::job, BoxReaders.jobSeeds()),
                box(Language.JSON, "box-plans", BoxReaders::plan, BoxReaders.planSeeds()),
                box(Language.JSON, "box-scores", BoxReaders::score, BoxReaders.scoreSeeds()),
                box(Language.JSON, "box-answers", BoxReaders::answer, BoxReaders.answerSeeds()),
                box(Language.NOTES, "box-sums", BoxReaders::sums, BoxReaders.sumsSeeds()),
                box(
                        Language.JSON,
                        "box-inventories",
                        BoxReaders::inventory,
                        BoxReaders.inventorySeeds()));
    }

    private static ForeignReader box(
            Language language, String name, ForeignReader.Reading reading, List<byte[]> seeds) {
        return new ForeignReader(language, name, "NodeException", reading, _ -> seeds);
    }

    /** What strangers hand to a coordinator, or to an auditor. */
    private static List<ForeignReader> coordinator() {
        return List.of(
                new ForeignReader(
                        Language.NOTES,
                        "audit-bundles",
                        "CoordinatorException",
                        CoordinatorReaders::bundle,
                        _ -> CoordinatorReaders.bundleSeeds()),
                new ForeignReader(
                        Language.NOTES,
                        "range-headers",
                        "RangeRefused",
                        CoordinatorReaders::range,
                        _ -> CoordinatorReaders.rangeSeeds()));
    }

    /** The settings of a LoRA adapter; its numbers are safetensors. */
    private static List<ForeignReader> adapters() {
        return List.of(
                new ForeignReader(
                        Language.JSON,
                        "adapter-config",
                        "TrainingException",
                        (bytes, scratch) -> {
                            Files.write(scratch.resolve(LoraAdapter.CONFIG), bytes);
                            LoraAdapter.open(scratch);
                        },
                        _ ->
                                List.of(
                                        "{\"peft_type\":\"LORA\",\"r\":8,\"lora_alpha\":16.5,\"bias\":\"none\",\"target_modules\":[\"q_proj\"]}"
                                                .getBytes(StandardCharsets.UTF_8))));
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
