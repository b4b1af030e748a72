package dev.tapestry.corpus.preparation;

import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.ByteLevelTokenizer;
import dev.tapestry.corpus.CorpusException;
import dev.tapestry.corpus.CorpusException.Code;
import dev.tapestry.corpus.DatasetCard;
import dev.tapestry.corpus.PackedCorpus;
import dev.tapestry.corpus.TokenShardWriter;
import dev.tapestry.corpus.WholeFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The files of a prepared corpus. */
final class PreparedFiles {

    static final String TRAIN = "train.jsonl";
    static final String HELD_OUT = "held-out.jsonl";
    static final String LINEAGE = "lineage.json";
    static final String REPORT = "report.json";
    static final String CROISSANT = "croissant.json";

    /** The files of text. */
    static final List<String> TEXTS = List.of(HELD_OUT, TRAIN);

    private final Path folder;
    private final PreparationPlan plan;
    private final DatasetCard card;
    private final Optional<ByteLevelTokenizer> tokenizer;
    private final List<Lineage.Output> outputs = new ArrayList<>();

    PreparedFiles(
            Path folder,
            PreparationPlan plan,
            DatasetCard card,
            Optional<ByteLevelTokenizer> tokenizer) {
        this.folder = folder;
        this.plan = plan;
        this.card = card;
        this.tokenizer = tokenizer;
    }

    /** Writes everything and gives it its name. */
    PreparationReport write(
            List<OpenSource> sources,
            FirstPass first,
            SecondPass second,
            Digest digest,
            Optional<Digest> constitution,
            List<Lineage.Input> inputs,
            Workspace workspace)
            throws IOException {
        PreparationReport.Side[] sides = texts(sources, second);
        List<PreparationReport.StepCount> steps = new ArrayList<>();
        first.tallies().forEach(tally -> steps.add(tally.count()));
        second.tallies().forEach(tally -> steps.add(tally.count()));
        PreparationReport report =
                new PreparationReport(
                        plan.name(),
                        digest,
                        first.malformed(),
                        first.malformedPlaces(),
                        steps,
                        second.domains(),
                        sides[0],
                        sides[1]);
        requireBothSides(report);
        card.write(folder);
        outputs.add(described(folder.resolve(DatasetCard.FILE_NAME)));
        write(CROISSANT, new Croissant(card, sources, report, List.copyOf(outputs)).json());
        write(REPORT, PreparedJson.bytes(report));
        Lineage lineage = new Lineage(Preparation.VERSION, digest, constitution, inputs, outputs);
        WholeFile.write(folder.resolve(LINEAGE), PreparedJson.bytes(lineage));
        workspace.publish();
        return report;
    }

    private void write(String name, byte[] bytes) throws IOException {
        try (OutputFile file = new OutputFile(folder.resolve(name))) {
            file.write(bytes, 0, bytes.length);
            outputs.add(file.finish());
        }
    }

    private PreparationReport.Side[] texts(List<OpenSource> sources, SecondPass second)
            throws IOException {
        try (Side train = new Side(TRAIN, PackedCorpus.trainFile(folder));
                Side heldOut = new Side(HELD_OUT, PackedCorpus.heldOutFile(folder))) {
            List<byte[]> ends = new ArrayList<>();
            for (OpenSource source : sources) {
                ends.add(PreparedJson.origin(source.source().name(), source.source().domain()));
            }
            second.forEach((_, document) ->
                    (document.heldOut() ? heldOut : train)
                            .add(document, ends.get(document.source())));
            return new PreparationReport.Side[] {train.finish(), heldOut.finish()};
        }
    }

    private void requireBothSides(PreparationReport report) {
        boolean noTrain = report.train().documents() == 0 && plan.split().fraction() < 1;
        boolean noHeldOut = report.heldOut().documents() == 0 && plan.split().fraction() > 0;
        if (noTrain || noHeldOut) {
            StringBuilder steps = new StringBuilder();
            report.steps()
                    .forEach(step ->
                            steps.append(
                                    "%s %d to %d; "
                                            .formatted(
                                                    step.step(),
                                                    step.documentsIn(),
                                                    step.documentsOut())));
            throw new CorpusException(
                    Code.NOTHING_TO_READ,
                    ("with a held-out fraction of %s there are %d documents to train on and %d held"
                                    + " out (%s%d lines were no documents); add text, or change the plan")
                            .formatted(
                                    plan.split().fraction(),
                                    report.train().documents(),
                                    report.heldOut().documents(),
                                    steps,
                                    report.malformedLines()));
        }
    }

    /** One side of the split: its text, and its tokens where there is a tokenizer. */
    private final class Side implements AutoCloseable {

        private final OutputFile out;
        private final @Nullable TokenShardWriter shard;
        private final Path shardFile;
        private long documents;
        private long bytes;

        Side(String name, Path shardFile) throws IOException {
            this.shardFile = shardFile;
            out = new OutputFile(folder.resolve(name));
            shard =
                    tokenizer
                            .map(one -> TokenShardWriter.create(shardFile, one, card.digest()))
                            .orElse(null);
        }

        void add(Spooled document, byte[] end) throws IOException {
            documents++;
            bytes += document.text().length;
            out.ascii("{\"text\":");
            out.quoted(document.text());
            out.ascii(",\"group\":");
            out.quoted(document.group().getBytes(StandardCharsets.UTF_8));
            out.ascii(",\"language\":\"" + document.language() + "\"");
            out.write(end, 0, end.length);
            if (shard != null) {
                shard.add(document.textString());
            }
        }

        PreparationReport.Side finish() throws IOException {
            outputs.add(out.finish());
            long tokens = 0;
            if (shard != null && documents > 0) {
                shard.seal();
                tokens = shard.publish().tokens();
                outputs.add(described(shardFile));
            }
            return new PreparationReport.Side(documents, bytes, tokens);
        }

        @Override
        public void close() throws IOException {
            out.close();
            if (shard != null) {
                shard.close();
            }
        }
    }

    /** What a file is. */
    private static Lineage.Output described(Path file) throws IOException {
        MessageDigest sha = Digest.sha256();
        long size = 0;
        try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
            byte[] buffer = new byte[1 << 18];
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                sha.update(buffer, 0, read);
                size += read;
            }
        }
        return new Lineage.Output(file.getFileName().toString(), size, Digest.ofHash(sha.digest()));
    }

    /** The report of what is there already, if it was made by this plan of this text. */
    static PreparationReport reused(
            Path target,
            Digest digest,
            List<OpenSource> sources,
            List<OpenSource> evaluationSets,
            Stop stop)
            throws IOException {
        Path lineageFile = target.resolve(LINEAGE);
        if (!Files.isRegularFile(lineageFile, LinkOption.NOFOLLOW_LINKS)) {
            throw exists(target, "it is no prepared corpus");
        }
        Lineage lineage = PreparedJson.read(lineageFile, Lineage.class);
        if (!lineage.program().equals(Preparation.VERSION) || !lineage.plan().equals(digest)) {
            throw exists(target, "it was made by another plan, or from sources with other cards");
        }
        List<Lineage.Input> inputs = new ArrayList<>();
        for (List<OpenSource> some : List.of(evaluationSets, sources)) {
            for (OpenSource source : some) {
                for (String name : source.files().names()) {
                    stop.check();
                    Lineage.Output file = described(source.files().checked(name));
                    inputs.add(
                            new Lineage.Input(
                                    source.source().name(), name, file.bytes(), file.sha256()));
                }
            }
        }
        if (!lineage.inputs().equals(inputs)) {
            throw exists(target, "it was made from other text");
        }
        for (Lineage.Output output : lineage.outputs()) {
            stop.check();
            Path file = target.resolve(output.file());
            if (!output.file().equals(String.valueOf(file.getFileName()))
                    || !Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
                    || !described(file).equals(output)) {
                throw exists(target, "its file '" + output.file() + "' is damaged");
            }
        }
        return PreparedJson.read(target.resolve(REPORT), PreparationReport.class);
    }

    private static CorpusException exists(Path target, String reason) {
        return new CorpusException(
                Code.TARGET_EXISTS,
                "%s is there already, and %s; name another directory, or move it away"
                        .formatted(target, reason));
    }
}
