package dev.tapestry.app.study;

import dev.tapestry.app.text.Cards;
import dev.tapestry.app.text.CorpusDirectory;
import dev.tapestry.app.text.GroupedText;
import dev.tapestry.app.text.HealthDefinitions;
import dev.tapestry.app.text.Language;
import dev.tapestry.app.text.OpenSlice;
import dev.tapestry.app.text.ParliamentDebates;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.corpus.DatasetCard;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The open text of a study, by language (its code) and field: what the demo's base has not been
 * trained on, as ids of the base's tokenizer.
 */
public final class OpenCorpora {

    /** English definitions of health care. */
    private static final String HEALTH = "health";

    private static final double HELD_OUT = 0.1;

    private OpenCorpora() {}

    /**
     * The corpora of these names; written and packed once for all processes that share {@code
     * work}.
     *
     * @param names two-letter codes of languages, or {@code health}
     * @param adopted the open base, whose tokenizer is everybody's
     */
    public static SortedMap<MemberId, Path> packed(List<MemberId> names, Path adopted, Path work)
            throws IOException {
        Path corpora = work.resolve("corpora");
        try (FileChannel channel =
                        FileChannel.open(
                                work.resolve(".packing"),
                                StandardOpenOption.CREATE,
                                StandardOpenOption.WRITE);
                FileLock _ = channel.lock()) {
            if (!names.stream().allMatch(name -> isWritten(corpora.resolve(name.value())))) {
                write(names, corpora);
            }
            SortedMap<MemberId, Path> packed =
                    new TreeMap<>(
                            PackedCorpora.in(
                                    corpora, adopted.resolve("tokenizer.json"), HELD_OUT, work));
            packed.keySet().retainAll(names);
            return packed;
        }
    }

    private static boolean isWritten(Path corpus) {
        return Files.exists(corpus.resolve(DatasetCard.FILE_NAME));
    }

    private static void write(List<MemberId> names, Path corpora) {
        Map<Language, List<GroupedText>> debates = ParliamentDebates.byLanguage();
        requireText(names, debates);
        for (MemberId name : names) {
            DatasetCard card =
                    name.value().equals(HEALTH) ? Cards.health("") : Cards.debates(name.value());
            CorpusDirectory.write(corpora.resolve(name.value()), card, documents(name, debates));
        }
    }

    /** Before anything is written: a corpus without documents would be in the way for good. */
    private static void requireText(
            List<MemberId> names, Map<Language, List<GroupedText>> debates) {
        List<String> known =
                Arrays.stream(Language.values())
                        .filter(language -> !OpenSlice.rest(debates, language).isEmpty())
                        .map(Language::code)
                        .sorted()
                        .toList();
        for (MemberId name : names) {
            if (!name.value().equals(HEALTH) && !known.contains(name.value())) {
                throw new IllegalArgumentException(
                        "there is no open text in '%s' that the open base has not been trained on; there is some in %s"
                                .formatted(name, known));
            }
        }
    }

    private static List<GroupedText> documents(
            MemberId name, Map<Language, List<GroupedText>> debates) {
        return name.value().equals(HEALTH)
                ? HealthDefinitions.read()
                : OpenSlice.rest(debates, Language.valueOf(name.value().toUpperCase(Locale.ROOT)));
    }
}
