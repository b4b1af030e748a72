package dev.tapestry.app.text;

import dev.tapestry.consortium.Digest;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What the demo's base was trained on, and what therefore no member of the demo may have: all
 * debates in five languages, and those of one sitting day in five in the members' languages.
 */
public final class OpenSlice {

    private static final Set<Language> WHOLE =
            Set.of(Language.EN, Language.FR, Language.DE, Language.NL, Language.PT);
    private static final Set<Language> PART = Set.of(Language.ES, Language.IT, Language.RO);
    private static final int ONE_DAY_IN = 5;

    private OpenSlice() {}

    /** The slice, ordered by day and text. */
    public static List<GroupedText> documents(Map<Language, List<GroupedText>> debates) {
        List<GroupedText> slice = new ArrayList<>();
        WHOLE.stream().sorted().forEach(l -> slice.addAll(debates.getOrDefault(l, List.of())));
        PART.stream()
                .sorted()
                .flatMap(l -> debates.getOrDefault(l, List.of()).stream())
                .filter(OpenSlice::openDay)
                .forEach(slice::add);
        slice.sort(Comparator.comparing(GroupedText::group).thenComparing(GroupedText::text));
        return slice;
    }

    /** The debates of one language that are not in the slice. */
    public static List<GroupedText> rest(
            Map<Language, List<GroupedText>> debates, Language language) {
        return WHOLE.contains(language)
                ? List.of()
                : debates.getOrDefault(language, List.of()).stream()
                        .filter(document -> !PART.contains(language) || !openDay(document))
                        .toList();
    }

    /** Days are chosen by the digest of their date, so that a day is open in every language. */
    private static boolean openDay(GroupedText document) {
        byte[] hash = Digest.of(document.group().getBytes(StandardCharsets.UTF_8)).bytes();
        return Byte.toUnsignedInt(hash[0]) % ONE_DAY_IN == 0;
    }
}
