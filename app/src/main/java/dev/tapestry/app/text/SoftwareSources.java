package dev.tapestry.app.text;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The source code of Apache Lucene (Apache-2.0), as it lies in {@code lucene-core}'s sources: Java
 * with its documentation.
 */
public final class SoftwareSources {

    private static final String ONE = "/org/apache/lucene/index/IndexReader.java";

    /** The comment before a public class, interface, enum or record, and its name. */
    private static final Pattern DOCUMENTED =
            Pattern.compile(
                    "(?s)/\\*\\*((?:(?!\\*/).)*)\\*/\\s*(?:@\\w+(?:\\([^)]*\\))?\\s*)*"
                            + "public (?:abstract |final |sealed )*(?:class|interface|enum|record) (\\w+)");

    private SoftwareSources() {}

    /** One document per file, without the licence at its head; grouped by file. */
    public static List<GroupedText> documents() {
        return files().entrySet().stream()
                .map(file -> new GroupedText(file.getKey(), withoutLicence(file.getValue())))
                .toList();
    }

    /** What the public classes are for, in a sentence, by package. */
    public static List<QuestionAnswer> classes() {
        List<QuestionAnswer> found = new ArrayList<>();
        files().forEach((name, source) -> {
            Matcher documented = DOCUMENTED.matcher(source);
            if (documented.find() && name.endsWith("/" + documented.group(2) + ".java")) {
                String sentence = firstSentence(documented.group(1));
                if (sentence.length() > 20 && sentence.length() < 300) {
                    found.add(
                            new QuestionAnswer(
                                    name,
                                    name.substring(0, name.lastIndexOf('/')),
                                    "What is the class %s for?".formatted(documented.group(2)),
                                    sentence));
                }
            }
        });
        return found;
    }

    private static SortedMap<String, String> files() {
        return ClassPathText.besides(
                ONE,
                name ->
                        name.startsWith("org/apache/lucene/")
                                && name.endsWith(".java")
                                && !name.endsWith("-info.java"));
    }

    private static String withoutLicence(String source) {
        int end = source.startsWith("/*") ? source.indexOf("*/") : -1;
        return end < 0 ? source : source.substring(end + 2).stripLeading();
    }

    /** The first sentence of a comment, without its marks. */
    private static String firstSentence(String comment) {
        String prose =
                comment.replaceAll("(?m)^\\s*\\*? ?", " ")
                        .replaceAll("\\{@\\w+\\s+#?([^}]*)}", "$1")
                        .replaceAll("<[^>]*>", " ")
                        .replaceAll("\\s+", " ")
                        .strip();
        Matcher end = Pattern.compile("\\.(\\s|$)").matcher(prose);
        return end.find() ? prose.substring(0, end.start() + 1) : "";
    }
}
