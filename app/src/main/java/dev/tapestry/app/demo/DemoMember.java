package dev.tapestry.app.demo;

import dev.tapestry.app.text.Cards;
import dev.tapestry.app.text.CorpusDirectory;
import dev.tapestry.app.text.Document;
import dev.tapestry.app.text.HealthDefinitions;
import dev.tapestry.app.text.HealthField;
import dev.tapestry.app.text.Language;
import dev.tapestry.app.text.OpenSlice;
import dev.tapestry.app.text.ParliamentDebates;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.corpus.DatasetCard;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A member of one of the demo's consortia, with its own text. */
public enum DemoMember {
    CLINIC("clinic", "health care, treatment", new Text.OfHealth(HealthField.CLINIC)),
    INSURER("insurer", "health care, insurance", new Text.OfHealth(HealthField.INSURER)),
    LABORATORY(
            "laboratory", "health care, laboratories", new Text.OfHealth(HealthField.LABORATORY)),
    PHARMACY(
            "pharmacy",
            "health care, medicines, little data",
            new Text.OfHealth(HealthField.PHARMACY)),
    SPANISH("es", "Spanish, debates", new Text.OfDebates(Language.ES)),
    ITALIAN("it", "Italian, debates", new Text.OfDebates(Language.IT)),
    ROMANIAN("ro", "Romanian, debates, little data", new Text.OfDebates(Language.RO)),
    ENGLISH("en", "English, definitions in health care", new Text.OfAllHealth());

    private final String id;
    private final String title;
    private final Text text;

    DemoMember(String id, String title, Text text) {
        this.id = id;
        this.title = title;
        this.text = text;
    }

    /** Which of the open texts a member has. */
    private sealed interface Text {
        record OfDebates(Language language) implements Text {}

        record OfHealth(HealthField field) implements Text {}

        record OfAllHealth() implements Text {}
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
        return switch (text) {
            case Text.OfDebates debates -> Cards.debates(debates.language().code());
            case Text.OfHealth _ -> Cards.health(": " + id);
            case Text.OfAllHealth _ -> Cards.health("");
        };
    }

    private List<Document> documents() {
        return switch (text) {
            case Text.OfDebates debates ->
                    OpenSlice.rest(ParliamentDebates.byLanguage(), debates.language());
            case Text.OfHealth health -> HealthDefinitions.of(health.field());
            case Text.OfAllHealth _ -> HealthDefinitions.read();
        };
    }

    /** Writes its corpus into {@code directory}, unless it is there already. */
    public void writeCorpus(Path directory) {
        if (!Files.exists(directory.resolve(DatasetCard.FILE_NAME))) {
            CorpusDirectory.write(directory, card(), documents());
        }
    }
}
