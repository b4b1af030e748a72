package dev.tapestry.app.study.parity;

import dev.tapestry.app.text.Cards;
import dev.tapestry.app.text.CorpusDirectory;
import dev.tapestry.app.text.GroupedText;
import dev.tapestry.app.text.HealthDefinitions;
import dev.tapestry.app.text.Language;
import dev.tapestry.app.text.OpenSlice;
import dev.tapestry.app.text.ParliamentDebates;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.corpus.DatasetCard;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Who takes part in a study; each member has another language or field. */
public enum Group {
    /** Two related languages. */
    TWO("es it"),
    /** Two pairs of related languages; of the first pair the adopted base has seen a little. */
    FOUR("da es it sv"),
    /** Languages of four families, two scripts and two fields, one member with little text. */
    EIGHT("da el es fi health it ro sv");

    private static final String HEALTH = "health";

    private final String members;

    Group(String members) {
        this.members = members;
    }

    /** Its members, sorted. */
    public List<MemberId> members() {
        return Arrays.stream(members.split(" ")).map(MemberId::new).toList();
    }

    /** Writes the members' corpora into folders of their names, unless they are there. */
    void writeCorpora(Path directory) {
        Map<Language, List<GroupedText>> debates = ParliamentDebates.byLanguage();
        for (MemberId member : members()) {
            DatasetCard card =
                    member.value().equals(HEALTH)
                            ? Cards.health("")
                            : Cards.debates(member.value());
            CorpusDirectory.write(
                    directory.resolve(member.value()), card, documents(member, debates));
        }
    }

    private static List<GroupedText> documents(
            MemberId member, Map<Language, List<GroupedText>> debates) {
        return member.value().equals(HEALTH)
                ? HealthDefinitions.read()
                : OpenSlice.rest(
                        debates, Language.valueOf(member.value().toUpperCase(Locale.ROOT)));
    }
}
