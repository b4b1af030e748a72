package dev.tapestry.corpus.preparation;

import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.Document;
import dev.tapestry.corpus.HeldOutSplit;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Everything that is done with a block: taken apart, through the steps, digested, signed. A pure
 * function of the block, for any number of threads.
 *
 * @param steps in their order
 * @param minHash if near duplicates are looked for
 */
record BlockWork(List<DocumentStep> steps, Optional<MinHash> minHash, HeldOutSplit split) {

    private static final int GROUP_BYTES = 16;

    Spooled.Batch of(Block block) {
        Spooled.Batch batch = new Spooled.Batch();
        StepTally read = new StepTally(Preparation.READING);
        batch.tallies().add(read);
        steps.forEach(step -> batch.tallies().add(new StepTally(step.name())));
        DocumentCutter cutter =
                new DocumentCutter(
                        batch,
                        draft -> {
                            read.count(draft, Outcome.kept(draft));
                            Draft kept = through(draft, batch.tallies());
                            if (kept != null) {
                                batch.add(keyed(kept, block.source().index()));
                            }
                        });
        cutter.cut(block);
        return batch;
    }

    private @Nullable Draft through(Draft draft, List<StepTally> tallies) {
        Draft now = draft;
        for (int i = 0; i < steps.size(); i++) {
            Outcome outcome = steps.get(i).apply(now);
            tallies.get(i + 1).count(now, outcome);
            switch (outcome) {
                case Outcome.Kept(Draft next, var _) -> now = next;
                case Outcome.Dropped _ -> {
                    return null;
                }
            }
        }
        return now;
    }

    private Spooled.Keyed keyed(Draft draft, int source) {
        byte[] text = draft.text().getBytes(StandardCharsets.UTF_8);
        byte[] digest = Digest.sha256().digest(text);
        ByteBuffer keys = ByteBuffer.wrap(digest);
        // What nobody marked is a group by itself, and equal texts are one.
        String group =
                draft.group().orElseGet(() -> HexFormat.of().formatHex(digest, 0, GROUP_BYTES));
        boolean heldOut = split.holdsOut(new Document("", Optional.of(group), "", 0));
        return new Spooled.Keyed(
                new Spooled(source, heldOut, draft.language(), group, text),
                keys.getLong(),
                keys.getLong(),
                minHash.map(hash -> hash.of(draft.words())).orElse(null));
    }
}
