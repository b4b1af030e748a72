package dev.tapestry.app.text;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;

/**
 * Terms of public procurement in 24 languages (eForms SDK, © European Union, CC-BY-4.0), aligned by
 * key, as they lie in {@code eu.europa.ted.eforms:eforms-sdk}: what terms mean, and what goods and
 * services are called.
 */
public final class ProcurementTerms {

    private static final String FOLDER = "/eforms-sdk/translations/";
    private static final String GOODS = "code|name|cpv.";

    /** The first three digits of a code are its group of goods. */
    private static final int GROUP_DIGITS = 3;

    private ProcurementTerms() {}

    /**
     * What terms mean, asked and answered in a language.
     *
     * @param asking how it is asked, with {@code %s} for the term
     */
    public static List<QuestionAnswer> meanings(Language language, String asking) {
        Properties terms = translations("business-term", language);
        List<QuestionAnswer> found = new ArrayList<>();
        for (String key : terms.stringPropertyNames().stream().sorted().toList()) {
            String description = terms.getProperty(key);
            String name = terms.getProperty(key.replace("|description|", "|name|"));
            if (key.contains("|description|") && name != null && !description.equals(name)) {
                found.add(
                        new QuestionAnswer(
                                key.substring(key.lastIndexOf('|') + 1),
                                "terms",
                                asking.formatted(name.strip()),
                                description.strip()));
            }
        }
        return found;
    }

    /**
     * What goods and services are called in another language.
     *
     * @param asking how it is asked, with {@code %s} for the English name
     */
    public static List<QuestionAnswer> goods(Language language, String asking) {
        Properties english = translations("code", Language.EN);
        Properties other = translations("code", language);
        List<QuestionAnswer> found = new ArrayList<>();
        for (String key : english.stringPropertyNames().stream().sorted().toList()) {
            String name = other.getProperty(key);
            if (key.startsWith(GOODS) && name != null && !name.equals(english.getProperty(key))) {
                String code = key.substring(GOODS.length());
                found.add(
                        new QuestionAnswer(
                                code,
                                "goods " + code.substring(0, GROUP_DIGITS),
                                asking.formatted(english.getProperty(key).strip()),
                                name.strip()));
            }
        }
        return found;
    }

    private static Properties translations(String kind, Language language) {
        Properties read = new Properties();
        try (InputStream in = ClassPathText.open(FOLDER + kind + "_" + language.code() + ".xml")) {
            read.loadFromXML(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return read;
    }
}
