package dev.tapestry.app.command;

import dev.tapestry.aggregation.OfflineMerge;
import dev.tapestry.aggregation.OfflineRule;
import dev.tapestry.corpus.HeldOutSplit;
import dev.tapestry.node.build.ModelOrigin;
import dev.tapestry.node.build.UpstreamLicence;
import dev.tapestry.training.Evaluation;
import dev.tapestry.training.Generation;
import dev.tapestry.training.Llama;
import dev.tapestry.training.Precision;
import dev.tapestry.training.Sampling;
import dev.tapestry.training.TextLoss;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.gguf.GgufWriter;
import dev.tapestry.weights.gguf.Quantisation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What can be done with a model directory on any machine, without a consortium. */
@Command(
        name = "model",
        description = "Import, look at, try, score, evaluate, merge and export models.",
        subcommands = EvaluateCommand.class,
        footer = {"", "Example:", "  tapestry model show my-model"})
final class ModelCommands extends CommandGroup {

    /** The dtypes that models are kept in here. */
    enum Kept {
        F32,
        BF16
    }

    /** What {@code model import --json} prints. */
    record Imported(String directory, String dtype, ModelOrigin origin) {}

    /** What {@code model export --json} prints. */
    record Exported(String file, String quantisation, long bytes) {}

    /** What {@code model merge --json} prints. */
    record Merged(String directory, String rule, int models) {}

    /** How {@code model merge} merges. */
    enum Rule {
        MEAN,
        TIES,
        DARE,
        SLERP
    }

    /** Exactly what {@code model logits} writes. */
    record Logits(List<Float> logits) {}

    /** What {@code model generate --json} prints. */
    record Generated(String prompt, String text, List<Integer> ids) {}

    @Command(
            name = "import",
            description = {
                "Check a Hugging Face Llama-family directory and copy it, ready to be trained.",
                "Configuration, tensors and tokenizer are checked; what is not supported is named.",
                "The licence and the digest of what was imported are kept in origin.json, which"
                        + " goes along with",
                "every model that is made of it."
            },
            footer = {
                "",
                "Examples:",
                "  tapestry model import ~/SmolLM2-135M base --dtype bf16",
                "  tapestry model import ~/Qwen3-0.6B base --digests sums.txt --licence apache-2.0"
            })
    int importModel(
            @Parameters(paramLabel = "SRC", description = "The directory to import.") Path source,
            @Parameters(paramLabel = "DEST", description = "A new directory.") Path target,
            @Option(
                            names = "--dtype",
                            paramLabel = "DTYPE",
                            defaultValue = "f32",
                            description =
                                    "Of the weights: ${COMPLETION-CANDIDATES} (default"
                                            + " ${DEFAULT-VALUE}).")
                    Kept dtype,
            @Option(
                            names = "--licence",
                            paramLabel = "NAME",
                            description =
                                    "Under which its makers gave it, such as apache-2.0; else what"
                                            + " README.md or a licence file says.")
                    @Nullable String licence,
            @Option(
                            names = "--digests",
                            paramLabel = "FILE",
                            description =
                                    "A list as sha256sum writes it: all files must be in it and as"
                                            + " it says.")
                    @Nullable Path digests,
            @Option(names = "--json", description = "As one line of JSON.") boolean json) {
        ModelOrigin origin =
                ModelImport.run(
                        source,
                        target,
                        switch (dtype) {
                            case F32 -> DType.F32;
                            case BF16 -> DType.BF16;
                        },
                        Optional.ofNullable(licence),
                        Optional.ofNullable(digests));
        answer(
                json,
                new Imported(target.toString(), dtype.name(), origin),
                "imported %s as %s; %s",
                source,
                target,
                said(origin.licence()));
        return 0;
    }

    private static String said(UpstreamLicence licence) {
        return licence.name().equals(UpstreamLicence.UNKNOWN)
                ? "its licence is not known: ask its makers, and say it with --licence"
                : "licence %s, says %s".formatted(licence.name(), licence.statedBy());
    }

    @Command(
            name = "show",
            description = "Say what a model directory is: digest, shape, dtypes, tokenizer.",
            footer = {"", "Example:", "  tapestry model show base --json"})
    int show(
            @Parameters(paramLabel = "DIR", description = "A model directory.") Path directory,
            @Option(names = "--json", description = "As one line of JSON.") boolean json) {
        ModelFacts facts = ModelFacts.of(directory);
        answer(json, facts, "%s", facts.text());
        return 0;
    }

    @Command(
            name = "generate",
            description = "Continue a text.",
            footer = {
                "",
                "Example:",
                "  tapestry model generate base 'The committee' --tokens 60 --temperature 0.8"
                        + " --top-k 40"
            })
    int generate(
            @Parameters(paramLabel = "DIR", description = "A model directory.") Path directory,
            @Parameters(paramLabel = "PROMPT", description = "The text to continue.") String prompt,
            @Option(
                            names = "--tokens",
                            paramLabel = "N",
                            defaultValue = "100",
                            description = "At most so many (default ${DEFAULT-VALUE}).")
                    int tokens,
            @Option(
                            names = "--temperature",
                            paramLabel = "T",
                            defaultValue = "0",
                            description =
                                    "Divides the logits; 0 takes the likeliest token always"
                                            + " (default ${DEFAULT-VALUE}).")
                    double temperature,
            @Option(
                            names = "--top-k",
                            paramLabel = "K",
                            defaultValue = "0",
                            description =
                                    "Choose among so many of the likeliest tokens; 0: all (default"
                                            + " ${DEFAULT-VALUE}).")
                    int topK,
            @Option(
                            names = "--seed",
                            paramLabel = "S",
                            defaultValue = "1",
                            description = "Of the choice (default ${DEFAULT-VALUE}).")
                    long seed,
            @Option(names = "--json", description = "As one line of JSON.") boolean json) {
        try (Signals _ = Signals.halting();
                OpenModel model = OpenModel.load(directory)) {
            List<Integer> ids = model.ids(prompt);
            List<Integer> more =
                    new Generation(model.llama())
                            .continued(ids, tokens, new Sampling(temperature, topK, seed));
            if (json) {
                json(new Generated(prompt, model.text(more), more));
            } else {
                List<Integer> all = new ArrayList<>(ids);
                all.addAll(more);
                say("%s", model.text(all));
            }
            return 0;
        }
    }

    @Command(
            name = "logits",
            description = {
                "Write the logits of the token after some ids, to compare implementations.",
                "The file holds {\"logits\":[one number for each id of the vocabulary]}."
            },
            footer = {
                "",
                "Example:",
                "  tapestry model logits base --ids 1,2,3 --json logits.json"
            })
    int logits(
            @Parameters(paramLabel = "DIR", description = "A model directory.") Path directory,
            @Option(
                            names = "--ids",
                            paramLabel = "IDS",
                            required = true,
                            split = ",",
                            description = "Token ids, separated by commas.")
                    List<Integer> ids,
            @Option(
                            names = "--json",
                            required = true,
                            paramLabel = "FILE",
                            description = "The file to write.")
                    Path file)
            throws IOException {
        try (Signals _ = Signals.halting();
                ModelDirectory files = ModelDirectory.open(directory);
                Llama llama = Llama.load(files)) {
            List<Float> logits = new ArrayList<>();
            for (float logit : new Generation(llama).logitsAfter(ids)) {
                logits.add(logit);
            }
            Files.write(file, CanonicalJson.write(new Logits(logits)));
            return 0;
        }
    }

    @Command(
            name = "score",
            description = {
                "Measure a model's loss on a corpus in bits per byte.",
                "The corpus' card must permit evaluation."
            },
            footer = {
                "",
                "Examples:",
                "  tapestry model score base --corpus corpus",
                "  tapestry model score base --corpus corpus --held-out 0.05 --json"
            })
    int score(
            @Parameters(paramLabel = "DIR", description = "A model directory.") Path directory,
            @Option(
                            names = "--corpus",
                            paramLabel = "CORPUS_DIR",
                            required = true,
                            description = "A corpus with its card.")
                    Path corpus,
            @Option(
                            names = "--held-out",
                            paramLabel = "SHARE",
                            defaultValue = "1",
                            description =
                                    "Score only this share of the documents, those that a node with"
                                            + " the same setting holds out (default ${DEFAULT-VALUE}:"
                                            + " all).")
                    double heldOut,
            @Option(
                            names = "--tokens",
                            paramLabel = "N",
                            defaultValue = "1000000",
                            description = "At most about so many (default ${DEFAULT-VALUE}).")
                    long tokens,
            @Option(
                            names = "--sequence",
                            paramLabel = "N",
                            defaultValue = "128",
                            description = "Tokens in a window (default ${DEFAULT-VALUE}).")
                    int sequence,
            @Option(names = "--json", description = "As one line of JSON.") boolean json) {
        Evaluation evaluation =
                new Evaluation(
                        sequence,
                        8,
                        tokens,
                        Precision.FP32,
                        Runtime.getRuntime().availableProcessors());
        TextLoss loss = new ModelScore(new HeldOutSplit(heldOut), evaluation).of(directory, corpus);
        answer(
                json,
                loss,
                "%.4f bits per byte (perplexity %.2f per token, %,d tokens)",
                loss.bitsPerByte(),
                loss.perplexity(),
                loss.tokens());
        return 0;
    }

    @Command(
            name = "merge",
            description = {
                "Merge models that were trained apart from one base, once and after the fact.",
                "For members that could not take part in rounds: merging every round gives a better"
                        + " model.",
                "ties keeps the largest changes of each and elects a sign (arXiv 2306.01708); dare"
                        + " drops changes at random and",
                "scales up the rest (arXiv 2311.03099); slerp goes along the arc between two; mean"
                        + " is the mean."
            },
            footer = {
                "",
                "Examples:",
                "  tapestry model merge --rule ties --base base --out merged north south",
                "  tapestry model merge --rule slerp --at 0.3 --base base --out merged north south"
            })
    int merge(
            @Parameters(
                            paramLabel = "MODEL",
                            arity = "1..*",
                            description = "Model directories with the base's tensors.")
                    List<Path> models,
            @Option(
                            names = "--rule",
                            required = true,
                            paramLabel = "RULE",
                            description = "One of: ${COMPLETION-CANDIDATES}.")
                    Rule rule,
            @Option(
                            names = "--base",
                            required = true,
                            paramLabel = "DIR",
                            description =
                                    "What they were trained from; gives configuration and"
                                            + " tokenizer.")
                    Path base,
            @Option(
                            names = "--out",
                            required = true,
                            paramLabel = "DIR",
                            description = "A new directory.")
                    Path target,
            @Option(
                            names = "--density",
                            paramLabel = "SHARE",
                            defaultValue = "0.2",
                            description =
                                    "Share of each tensor's changes that ties keeps (default"
                                            + " ${DEFAULT-VALUE}).")
                    double density,
            @Option(
                            names = "--drop-rate",
                            paramLabel = "P",
                            defaultValue = "0.9",
                            description =
                                    "Probability with which dare drops a change (default"
                                            + " ${DEFAULT-VALUE}).")
                    double dropRate,
            @Option(
                            names = "--scale",
                            paramLabel = "LAMBDA",
                            defaultValue = "1",
                            description =
                                    "Multiplies the merged change of ties and dare (default"
                                            + " ${DEFAULT-VALUE}).")
                    double scale,
            @Option(
                            names = "--at",
                            paramLabel = "T",
                            defaultValue = "0.5",
                            description =
                                    "Where between the first model (0) and the second (1) slerp"
                                            + " stops (default ${DEFAULT-VALUE}).")
                    double position,
            @Option(
                            names = "--seed",
                            paramLabel = "S",
                            defaultValue = "1",
                            description = "Of what dare drops (default ${DEFAULT-VALUE}).")
                    long seed,
            @Option(names = "--json", description = "As one line of JSON.") boolean json) {
        OfflineRule how = offlineRule(rule, density, dropRate, scale, position, seed);
        List<ModelDirectory> opened = new ArrayList<>();
        try (Signals _ = Signals.halting();
                ModelDirectory start = ModelDirectory.open(base)) {
            for (Path model : models) {
                opened.add(ModelDirectory.open(model));
            }
            OfflineMerge.run(how, start, opened, target);
        } finally {
            opened.forEach(ModelDirectory::close);
        }
        answer(
                json,
                new Merged(target.toString(), rule.name(), models.size()),
                "merged %d models into %s",
                models.size(),
                target);
        return 0;
    }

    private OfflineRule offlineRule(
            Rule rule, double density, double dropRate, double scale, double position, long seed) {
        try {
            return switch (rule) {
                case MEAN -> new OfflineRule.Mean();
                case TIES -> new OfflineRule.Ties(density, scale);
                case DARE -> new OfflineRule.Dare(dropRate, scale, seed);
                case SLERP -> new OfflineRule.Slerp(position);
            };
        } catch (IllegalArgumentException e) {
            throw usage(String.valueOf(e.getMessage()));
        }
    }

    @Command(
            name = "export",
            description = "Write a model as one GGUF file, tokenizer inside.",
            footer = {
                "",
                "Example:",
                "  tapestry model export base --gguf base.gguf --quantisation q8_0"
            })
    int export(
            @Parameters(paramLabel = "DIR", description = "A model directory.") Path directory,
            @Option(
                            names = "--gguf",
                            required = true,
                            paramLabel = "FILE",
                            description = "The file to write.")
                    Path file,
            @Option(
                            names = "--quantisation",
                            paramLabel = "HOW",
                            defaultValue = "f16",
                            description =
                                    "Of the matrices: ${COMPLETION-CANDIDATES} (default"
                                            + " ${DEFAULT-VALUE}).")
                    Quantisation quantisation,
            @Option(names = "--json", description = "As one line of JSON.") boolean json)
            throws IOException {
        GgufWriter.write(directory, file, quantisation);
        long bytes = Files.size(file);
        answer(
                json,
                new Exported(file.toString(), quantisation.name(), bytes),
                "wrote %s, %,d bytes",
                file,
                bytes);
        return 0;
    }
}
