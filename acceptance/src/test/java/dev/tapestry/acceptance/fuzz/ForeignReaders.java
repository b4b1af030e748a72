package dev.tapestry.acceptance.fuzz;

import dev.tapestry.acceptance.fuzz.ForeignReader.Language;
import dev.tapestry.consortium.Digest;
import dev.tapestry.coordinator.CoordinatorReaders;
import dev.tapestry.node.box.BoxReaders;
import dev.tapestry.node.build.DigestList;
import dev.tapestry.node.build.ModelOrigin;
import dev.tapestry.node.build.UpstreamLicence;
import dev.tapestry.node.serving.ServingReaders;
import dev.tapestry.node.trainer.TrainerReaders;
import dev.tapestry.training.LoraAdapter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.List;
import java.util.Optional;
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
                        upstream(),
                        box(),
                        serving(),
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

    /** What a served model is asked, and what its board has decided. */
    private static List<ForeignReader> serving() {
        return List.of(
                new ForeignReader(
                        Language.JSON,
                        "chat-requests",
                        "ApiRefusal",
                        ServingReaders::chat,
                        _ -> ServingReaders.chatSeeds()),
                new ForeignReader(
                        Language.JSON,
                        "completion-requests",
                        "ApiRefusal",
                        ServingReaders::completion,
                        _ -> ServingReaders.completionSeeds()),
                new ForeignReader(
                        Language.JSON,
                        "board-decisions",
                        "NodeException",
                        ServingReaders::board,
                        _ -> ServingReaders.boardSeeds()));
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

    /** What lies beside a model from elsewhere. */
    private static List<ForeignReader> upstream() {
        return List.of(
                new ForeignReader(
                        Language.NOTES,
                        "digest-lists",
                        "NodeException",
                        (bytes, _) -> {
                            var files = DigestList.parse("sums", bytes).files();
                            StringBuilder lines = new StringBuilder();
                            files.forEach((path, digest) ->
                                    lines.append(digest.hex())
                                            .append("  ")
                                            .append(path)
                                            .append('\n'));
                            byte[] again = lines.toString().getBytes(StandardCharsets.UTF_8);
                            if (!DigestList.parse("sums", again).files().equals(files)) {
                                throw new AssertionError("written back differently");
                            }
                        },
                        _ ->
                                List.of(
                                        "%s  config.json\n%s *onnx/model.onnx\n"
                                                .formatted("a5".repeat(32), "0F".repeat(32))
                                                .getBytes(StandardCharsets.UTF_8))),
                new ForeignReader(
                        Language.NOTES,
                        "model-cards",
                        "NodeException",
                        (bytes, _) ->
                                UpstreamLicence.inFrontMatter(bytes)
                                        .ifPresent(name ->
                                                new UpstreamLicence(
                                                        name, "README.md", Optional.empty())),
                        _ ->
                                List.of(
                                        "---\nlanguage: [en]\nlicense: apache-2.0 # ours\n---\n# Model\n"
                                                .getBytes(StandardCharsets.UTF_8),
                                        "---\r\nlicense:\r\n- \"MIT\"\r\n---\r\n"
                                                .getBytes(StandardCharsets.UTF_8))),
                new ForeignReader(
                        Language.JSON,
                        "model-origins",
                        "NodeException",
                        (bytes, scratch) -> {
                            Files.write(scratch.resolve(ModelOrigin.FILE), bytes);
                            ModelOrigin origin = ModelOrigin.find(scratch).orElseThrow();
                            Files.write(scratch.resolve(ModelOrigin.FILE), origin.toBytes());
                            if (!ModelOrigin.find(scratch).orElseThrow().equals(origin)) {
                                throw new AssertionError("written back differently");
                            }
                        },
                        _ ->
                                List.of(
                                        new ModelOrigin(
                                                        Digest.of(new byte[] {1}),
                                                        new UpstreamLicence(
                                                                "mit", "LICENSE", Optional.empty()),
                                                        Optional.of(Digest.of(new byte[] {2})))
                                                .toBytes())));
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
