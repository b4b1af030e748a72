package dev.tapestry.corpus.preparation;

import dev.tapestry.corpus.DatasetCard;
import dev.tapestry.corpus.PermittedUse;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The data set in the words of Croissant 1.0 (mlcommons.org/croissant/1.0): JSON-LD that catalogues
 * and loaders of others read. What Croissant has no word for (residency, category, permitted uses,
 * what each source's card permits, counts of steps) stands under a name space of its own, {@code
 * urn:tapestry:}, which others leave alone.
 *
 * @param card of the prepared text
 * @param sources with the cards that permitted it
 * @param outputs the files, without this one
 */
record Croissant(
        DatasetCard card,
        List<OpenSource> sources,
        PreparationReport report,
        List<Lineage.Output> outputs) {

    byte[] json() {
        Map<String, Object> root = new LinkedHashMap<>();
        root.put("@context", context());
        root.put("@type", "sc:Dataset");
        root.put("conformsTo", "http://mlcommons.org/croissant/1.0");
        root.put("name", card.name());
        root.put(
                "description",
                "Text prepared by %s from %d sources: %d documents to train on, %d held out."
                        .formatted(
                                Preparation.VERSION,
                                sources.size(),
                                report.train().documents(),
                                report.heldOut().documents()));
        root.put("version", "1.0.0+" + report.plan().abbreviated());
        root.put("url", "urn:sha256:" + report.plan().hex());
        root.put("license", card.licence());
        root.put("inLanguage", card.language());
        if (!card.attribution().isEmpty()) {
            root.put("creditText", card.attribution());
        }
        root.put("rai:dataPreprocessingProtocol", protocol());
        root.put("rai:personalSensitiveInformation", personal());
        root.put("tapestry:residency", card.residency());
        root.put("tapestry:category", card.category().word());
        root.put("tapestry:permittedUses", uses(card.permittedUses()));
        root.put("tapestry:consent", consent());
        root.put("tapestry:steps", PreparedJson.tree(report.steps()));
        root.put("tapestry:domains", PreparedJson.tree(report.domains()));
        root.put("distribution", outputs.stream().map(Croissant::fileObject).toList());
        root.put(
                "recordSet",
                List.of(recordSet(PreparedFiles.TRAIN), recordSet(PreparedFiles.HELD_OUT)));
        return PreparedJson.bytes(root);
    }

    private static Map<String, Object> context() {
        Map<String, Object> context = new LinkedHashMap<>();
        context.put("@language", "en");
        context.put("@vocab", "https://schema.org/");
        for (String word :
                List.of(
                        "citeAs",
                        "column",
                        "extract",
                        "field",
                        "fileProperty",
                        "fileObject",
                        "fileSet",
                        "format",
                        "includes",
                        "isLiveDataset",
                        "jsonPath",
                        "key",
                        "md5",
                        "parentField",
                        "path",
                        "recordSet",
                        "references",
                        "regex",
                        "repeated",
                        "replace",
                        "separator",
                        "source",
                        "subField",
                        "transform")) {
            context.put(word, "cr:" + word);
        }
        context.put("conformsTo", "dct:conformsTo");
        context.put("cr", "http://mlcommons.org/croissant/");
        context.put("rai", "http://mlcommons.org/croissant/RAI/");
        context.put("dct", "http://purl.org/dc/terms/");
        context.put("sc", "https://schema.org/");
        context.put("tapestry", "urn:tapestry:");
        context.put("data", ordered("@id", "cr:data", "@type", "@json"));
        context.put("examples", ordered("@id", "cr:examples", "@type", "@json"));
        context.put("dataType", ordered("@id", "cr:dataType", "@type", "@vocab"));
        return context;
    }

    /** Two entries in this order: that of {@code Map.of} is another in each process. */
    private static Map<String, Object> ordered(
            String first, Object itsValue, String second, Object itsOwn) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put(first, itsValue);
        map.put(second, itsOwn);
        return map;
    }

    private List<String> protocol() {
        return report.steps().stream()
                .map(step ->
                        "%s: %d of %d documents kept"
                                .formatted(step.step(), step.documentsOut(), step.documentsIn()))
                .toList();
    }

    private String personal() {
        return report.steps().stream()
                .filter(step -> step.step().equals("personal-data"))
                .findFirst()
                .map(step ->
                        "screened by pattern; redacted %s, documents dropped for %s"
                                .formatted(step.findings(), step.dropped()))
                .orElse("not screened");
    }

    private List<Object> consent() {
        List<Object> consent = new ArrayList<>();
        for (OpenSource source : sources) {
            DatasetCard own = source.card();
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("tapestry:source", source.source().name());
            entry.put("tapestry:card", "urn:sha256:" + own.digest().hex());
            entry.put("tapestry:licence", own.licence());
            entry.put("tapestry:residency", own.residency());
            entry.put("tapestry:category", own.category().word());
            entry.put("tapestry:permittedUses", uses(own.permittedUses()));
            consent.add(entry);
        }
        return consent;
    }

    private static List<String> uses(Set<PermittedUse> uses) {
        return uses.stream().sorted().map(PermittedUse::word).toList();
    }

    private static Map<String, Object> fileObject(Lineage.Output output) {
        Map<String, Object> file = new LinkedHashMap<>();
        file.put("@type", "cr:FileObject");
        file.put("@id", output.file());
        file.put("name", output.file());
        file.put("contentUrl", output.file());
        file.put("contentSize", output.bytes() + " B");
        file.put("encodingFormat", encoding(output.file()));
        file.put("sha256", output.sha256().hex());
        return file;
    }

    private static String encoding(String file) {
        if (file.endsWith(".jsonl")) {
            return "application/jsonlines";
        }
        return file.endsWith(".yaml") ? "application/yaml" : "application/octet-stream";
    }

    private static Map<String, Object> recordSet(String file) {
        String name = file.substring(0, file.indexOf('.'));
        Map<String, Object> set = new LinkedHashMap<>();
        set.put("@type", "cr:RecordSet");
        set.put("@id", name);
        set.put("name", name);
        List<Object> fields = new ArrayList<>();
        for (String field : List.of("text", "group", "language", "source", "domain")) {
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("@type", "cr:Field");
            entry.put("@id", name + "/" + field);
            entry.put("name", field);
            entry.put("dataType", "sc:Text");
            entry.put(
                    "source",
                    ordered("fileObject", Map.of("@id", file), "extract", Map.of("column", field)));
            fields.add(entry);
        }
        set.put("field", fields);
        return set;
    }
}
