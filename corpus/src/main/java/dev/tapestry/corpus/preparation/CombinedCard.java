package dev.tapestry.corpus.preparation;

import dev.tapestry.corpus.CorpusException;
import dev.tapestry.corpus.CorpusException.Code;
import dev.tapestry.corpus.DataCategory;
import dev.tapestry.corpus.DatasetCard;
import dev.tapestry.corpus.PermittedUse;
import dev.tapestry.corpus.TextFormat;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The card of what is made of several data sets: no restriction of any of them is relaxed. */
final class CombinedCard {

    private static final int MOST_CHARACTERS = 4096;
    private static final String MULTIPLE = "mul";

    private CombinedCard() {}

    /**
     * Permitted is what all permit, the category is the most restricted one, text stays where each
     * of them must stay, licences and attributions are all named.
     */
    static DatasetCard of(String name, List<OpenSource> sources, List<String> files) {
        List<DatasetCard> cards = sources.stream().map(OpenSource::card).toList();
        Set<PermittedUse> uses = EnumSet.allOf(PermittedUse.class);
        cards.forEach(card -> uses.retainAll(card.permittedUses()));
        DataCategory category =
                cards.stream()
                        .map(DatasetCard::category)
                        .max(Comparator.naturalOrder())
                        .orElseThrow();
        List<String> languages =
                sources.stream().map(OpenSource::language).distinct().sorted().toList();
        boolean one = languages.size() == 1 && !languages.getFirst().equals(Source.DETECT);
        return new DatasetCard(
                name,
                joined("licence", cards, DatasetCard::licence, "; "),
                category,
                one ? languages.getFirst() : MULTIPLE,
                joined("residency", cards, DatasetCard::residency, " and "),
                uses,
                new TextFormat.JsonLines("text", Optional.of("group")),
                files,
                joined("attribution", cards, DatasetCard::attribution, "; "));
    }

    private static String joined(
            String key, List<DatasetCard> cards, Function<DatasetCard, String> value, String by) {
        String all =
                cards.stream()
                        .map(value)
                        .filter(text -> !text.isEmpty())
                        .distinct()
                        .sorted()
                        .collect(Collectors.joining(by));
        if (all.length() > MOST_CHARACTERS) {
            throw new CorpusException(
                    Code.PLAN_INVALID,
                    "the cards' '%s' have %d characters together, at most %d fit on one card; prepare the sources in several parts"
                            .formatted(key, all.length(), MOST_CHARACTERS));
        }
        return all;
    }
}
