package dev.tapestry.corpus.preparation;

import java.util.Locale;

/** What identifies a person and is recognised by its form; most have check digits. */
public enum PersonalPattern {
    EMAIL,
    /** With the country's prefix, or grouped and beginning with 0. */
    PHONE,
    /** ISO 13616, with its check digits. */
    IBAN,
    /** 13 to 19 digits of a card's issuer, with Luhn's check digit. */
    CREDIT_CARD,
    /** Public addresses; those of private networks name nobody. */
    IPV4,
    IPV6,
    /** Finland's henkilötunnus, with its check character. */
    ID_FI,
    /** Spain's DNI and NIE, with their letter. */
    ID_ES,
    /** France's NIR, with its key. */
    ID_FR,
    /** Italy's codice fiscale, with its check letter. */
    ID_IT,
    /** Poland's PESEL, with its date and check digit. */
    ID_PL,
    /** Sweden's personnummer with its hyphen, date and check digit. */
    ID_SE,
    /** Brazil's CPF as it is written, with its check digits. */
    ID_BR,
    /** The United States' social security number as it is written. */
    ID_US;

    private final String word = name().toLowerCase(Locale.ROOT).replace('_', '-');

    /** The word for it in plans and reports. */
    public String word() {
        return word;
    }

    /** What takes its place. */
    String mark() {
        return "[" + word + "]";
    }
}
