package dev.tapestry.app.text;

import dev.tapestry.corpus.DataCategory;
import dev.tapestry.corpus.DatasetCard;
import dev.tapestry.corpus.PermittedUse;
import dev.tapestry.corpus.TextFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The dataset cards of the open text that comes with Tapestry. */
public final class Cards {

    private static final TextFormat FORMAT = new TextFormat.JsonLines("text", Optional.of("group"));

    private Cards() {}

    /** Debates of the European Parliament in {@code language} (a BCP 47 tag, or {@code mul}). */
    public static DatasetCard debates(String language) {
        return new DatasetCard(
                "Debates of the European Parliament 1996-2011 (Europarl), " + language,
                "no copyright restriction known to the corpus' authors",
                DataCategory.OPEN,
                language,
                "EU",
                Set.of(PermittedUse.values()),
                FORMAT,
                List.of(),
                "Europarl, Philipp Koehn, MT Summit 2005; as packaged by Apache Lucene");
    }

    /** Definitions from the FHIR specification; {@code part} says which, or is empty. */
    public static DatasetCard health(String part) {
        return new DatasetCard(
                "Definitions of the FHIR R5 core specification" + part,
                "CC0-1.0",
                DataCategory.OPEN,
                "en",
                "EU",
                Set.of(PermittedUse.values()),
                FORMAT,
                List.of(),
                "HL7 FHIR R5; as packaged by HAPI FHIR");
    }

    /** The source code of Apache Lucene. */
    public static DatasetCard software() {
        return new DatasetCard(
                "Source code of Apache Lucene 10.4",
                "Apache-2.0",
                DataCategory.OPEN,
                "en",
                "EU",
                Set.of(PermittedUse.values()),
                FORMAT,
                List.of(),
                "The Apache Software Foundation, Apache Lucene");
    }

    /** Terms of public procurement in {@code language} (a BCP 47 tag). */
    public static DatasetCard procurement(String language) {
        return new DatasetCard(
                "Terms of public procurement (eForms SDK 1.15), " + language,
                "CC-BY-4.0",
                DataCategory.OPEN,
                language,
                "EU",
                Set.of(PermittedUse.values()),
                FORMAT,
                List.of(),
                "European Union, eForms SDK");
    }
}
