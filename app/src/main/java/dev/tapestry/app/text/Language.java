package dev.tapestry.app.text;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * The languages of the debates, each with some of its most frequent short words: enough to tell
 * which language a paragraph of running prose is in.
 */
public enum Language {
    EN("the of and to in that is for this on have with be are which"),
    DE("der die und in den zu das ist für auf nicht mit von dass eine"),
    FR("de la le les des et que est en dans pour nous une pas qui"),
    ES("de la que en el los las del para una por con se es y"),
    IT("di che il per la una della e in del non è sono nel con"),
    PT("de que a o os da do em para não uma as dos com se"),
    NL("de het van een en dat op te voor is zijn met aan niet"),
    DA("at og i det er en af til for på der de ikke har som vi"),
    SV("att och det i som en för är av på den till inte har om vi"),
    FI("ja on että ei se ovat myös tämä mutta kun tai hän olen sitä"),
    EL("και το να την της του η των με για στην που είναι"),
    PL("w i na z się że do nie to jest oraz o dla przez"),
    CS("a v se na je že o z k pro by to které jsou"),
    SK("a v sa na je že o z k pre by to ktoré sú"),
    HU("a az és hogy nem egy is ez meg kell van"),
    RO("de în la a că pe cu să care nu este pentru din și"),
    BG("на и за да в се че от с е по не са"),
    SL("je v na se za da ki so z o ne to bi in"),
    LT("ir kad yra į su iš bei tai šio kaip ne dėl"),
    LV("un ir ka par no uz lai kas ar šo arī nav"),
    ET("ja on et ei see mis kui ka selle või oma me");

    private final String frequent;

    Language(String frequent) {
        this.frequent = frequent;
    }

    /** The two-letter code of ISO 639-1. */
    public String code() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The language whose frequent words occur most often in {@code prose}. */
    public static Language of(String prose) {
        var words =
                Arrays.stream(prose.toLowerCase(Locale.ROOT).split("[^\\p{L}]+"))
                        .collect(Collectors.groupingBy(w -> w, Collectors.counting()));
        Language best = EN;
        long most = -1;
        for (Language language : values()) {
            long count =
                    Arrays.stream(language.frequent.split(" "))
                            .distinct()
                            .mapToLong(w -> words.getOrDefault(w, 0L))
                            .sum();
            if (count > most) {
                most = count;
                best = language;
            }
        }
        return best;
    }
}
