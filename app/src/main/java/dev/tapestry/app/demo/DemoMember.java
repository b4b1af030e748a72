package dev.tapestry.app.demo;

import dev.tapestry.app.text.Cards;
import dev.tapestry.app.text.CorpusDirectory;
import dev.tapestry.app.text.Document;
import dev.tapestry.app.text.HealthDefinitions;
import dev.tapestry.app.text.Language;
import dev.tapestry.app.text.OpenSlice;
import dev.tapestry.app.text.ParliamentDebates;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.corpus.ByteLevelTokenizer;
import dev.tapestry.corpus.CorpusPacker;
import dev.tapestry.corpus.CorpusReader;
import dev.tapestry.corpus.DatasetCard;
import dev.tapestry.corpus.HeldOutSplit;
import dev.tapestry.corpus.PackedCorpus;
import dev.tapestry.corpus.PermittedUse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A member of the demo's consortium with its own text: three related languages, one of them with
 * little data, and one other field.
 */
public enum DemoMember {
    SPANISH("es", "Spanish, debates", Language.ES),
    ITALIAN("it", "Italian, debates", Language.IT),
    ROMANIAN("ro", "Romanian, debates, little data", Language.RO),
    HEALTH("health", "English, definitions in health care", null);

    private final String id;
    private final String title;
    private final Optional<Language> language;

    DemoMember(String id, String title, @org.jspecify.annotations.Nullable Language language) {
        this.id = id;
        this.title = title;
        this.language = Optional.ofNullable(language);
    }

    /** The member with this id. */
    static DemoMember of(String id) {
        for (DemoMember member : values()) {
            if (member.id.equals(id)) {
                return member;
            }
        }
        throw new IllegalArgumentException("the demo has no member '" + id + "'");
    }

    /** The member's name in the consortium. */
    public MemberId id() {
        return new MemberId(id);
    }

    /** What its corpus holds. */
    public String title() {
        return title;
    }

    /** The card of its corpus. */
    public DatasetCard card() {
        return language.map(l -> Cards.debates(l.code())).orElseGet(Cards::health);
    }

    /** The corpora of all members; the debates are read only once. */
    public static Map<DemoMember, List<Document>> corpora() {
        Map<Language, List<Document>> debates = ParliamentDebates.byLanguage();
        Map<DemoMember, List<Document>> corpora = new EnumMap<>(DemoMember.class);
        for (DemoMember member : values()) {
            corpora.put(
                    member,
                    member.language
                            .map(l -> OpenSlice.rest(debates, l))
                            .orElseGet(HealthDefinitions::read));
        }
        return corpora;
    }

    /** The corpora packed with a tokenizer below {@code work}; what is there already is kept. */
    public static SortedMap<MemberId, Path> packed(Path tokenizer, Path work) {
        ByteLevelTokenizer ids = ByteLevelTokenizer.open(tokenizer);
        CorpusPacker packer = new CorpusPacker(ids, new HeldOutSplit(DemoSettings.HELD_OUT));
        SortedMap<MemberId, Path> packed = new TreeMap<>();
        corpora()
                .forEach((member, documents) -> {
                    Path corpus = work.resolve("corpora").resolve(member.id);
                    Path tokens =
                            work.resolve("tokens")
                                    .resolve(ids.digest().abbreviated())
                                    .resolve(member.id);
                    CorpusDirectory.write(corpus, member.card(), documents);
                    if (!Files.exists(PackedCorpus.heldOutFile(tokens))) {
                        packer.pack(CorpusReader.open(corpus, PermittedUse.EVALUATION), tokens);
                    }
                    packed.put(member.id(), tokens);
                });
        return packed;
    }
}
