package dev.tapestry.corpus.preparation;

import dev.tapestry.corpus.TextFormat;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Text that goes in: a directory with {@code card.yaml}.
 *
 * @param name for the report and the documents; unique in the plan
 * @param path the directory
 * @param format how documents stand in its files; if empty, as its card says
 * @param language a BCP 47 tag, {@code mul} or {@code detect}; if empty, as its card says
 * @param domain sources of one domain count as one in the {@link Mixture}
 * @param weight of the domain in the mixture, as a factor; the sources of a domain agree on it
 */
public record Source(
        String name,
        Path path,
        Optional<TextFormat> format,
        Optional<String> language,
        String domain,
        double weight) {

    /** The language of sources whose documents are in whatever language they are in. */
    static final String DETECT = "detect";

    private static final Pattern LANGUAGE =
            Pattern.compile("detect|[a-z]{2,3}(-[A-Za-z0-9]{2,8})*");
    private static final int MOST_CHARACTERS = 200;

    public Source {
        requireName("name", name);
        requireName("domain", domain);
        language.ifPresent(tag -> {
            if (!LANGUAGE.matcher(tag).matches()) {
                throw PreparationPlan.invalid(
                        "source '%s': language is a BCP 47 tag, mul or detect, not '%s'"
                                .formatted(name, tag));
            }
        });
        PreparationPlan.requireRange("source '" + name + "': weight", weight, 1e-6, 1e6);
    }

    /** A directory as its card says, called and counted by its own name. */
    public static Source of(String name, Path path) {
        return new Source(name, path, Optional.empty(), Optional.empty(), name, 1);
    }

    private static void requireName(String key, String value) {
        if (value.isBlank() || value.length() > MOST_CHARACTERS) {
            throw PreparationPlan.invalid(
                    "sources: %s has 1 to %d characters, not %d"
                            .formatted(key, MOST_CHARACTERS, value.length()));
        }
    }
}
