package dev.tapestry.app.demo;

import dev.tapestry.app.text.Cards;
import dev.tapestry.app.text.CorpusDirectory;
import dev.tapestry.app.text.GroupedText;
import dev.tapestry.app.text.HealthField;
import dev.tapestry.app.text.Language;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.corpus.DatasetCard;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A member of one of the demo's consortia, with its own text. */
public enum DemoMember {
    CLINIC("clinic", "health care, treatment"),
    INSURER("insurer", "health care, insurance"),
    LABORATORY("laboratory", "health care, laboratories"),
    PHARMACY("pharmacy", "health care, medicines, little data"),
    SPANISH("es", "Spanish, debates"),
    ITALIAN("it", "Italian, debates"),
    ROMANIAN("ro", "Romanian, debates, little data"),
    ENGLISH("en", "English, definitions in health care");

    private final String id;
    private final String title;

    DemoMember(String id, String title) {
        this.id = id;
        this.title = title;
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
        return switch (this) {
            case CLINIC, INSURER, LABORATORY, PHARMACY -> Cards.health(": " + id);
            case SPANISH, ITALIAN, ROMANIAN -> Cards.debates(id);
            case ENGLISH -> Cards.health("");
        };
    }

    private List<GroupedText> documents(DemoText text) {
        return switch (this) {
            case CLINIC -> text.definitions(HealthField.CLINIC);
            case INSURER -> text.definitions(HealthField.INSURER);
            case LABORATORY -> text.definitions(HealthField.LABORATORY);
            case PHARMACY -> text.definitions(HealthField.PHARMACY);
            case SPANISH -> text.debates(Language.ES);
            case ITALIAN -> text.debates(Language.IT);
            case ROMANIAN -> text.debates(Language.RO);
            case ENGLISH -> text.definitions();
        };
    }

    /** Writes its corpus into {@code directory}, unless it is there already. */
    public void writeCorpus(Path directory) {
        writeCorpus(directory, new DemoText(_ -> {}));
    }

    /**
     * The same.
     *
     * @return how many documents were written; 0 where they were there
     */
    int writeCorpus(Path directory, DemoText text) {
        if (Files.exists(directory.resolve(DatasetCard.FILE_NAME))) {
            return 0;
        }
        List<GroupedText> documents = documents(text);
        CorpusDirectory.write(directory, card(), documents);
        return documents.size();
    }
}
