package dev.tapestry.corpus.preparation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Signatures against similarities that are computed from all rows. */
final class MinHashTest {

    private static final Steps.NearDuplicates SETTINGS = Steps.NearDuplicates.standard();

    @Test
    void the_estimate_is_near_the_similarity_of_real_texts() {
        MinHash minHash = new MinHash(SETTINGS, 7);
        Random random = new Random(7);
        double sum = 0;
        int count = 0;
        for (Sources.Speech speech : Sources.english(60)) {
            List<String> words = List.of(speech.body().split("\\s+"));
            if (words.size() < 100) {
                continue;
            }
            for (double change : new double[] {0, 0.01, 0.03, 0.1}) {
                StringBuilder changed = new StringBuilder();
                for (String word : words) {
                    changed.append(random.nextDouble() < change ? "other" : word).append(' ');
                }
                Words one = Words.of(speech.body());
                Words other = Words.of(changed.toString());
                double exact = jaccard(one, other);
                double estimate =
                        estimate(
                                minHash,
                                Objects.requireNonNull(minHash.of(one)),
                                minHash.of(other));
                // Four standard deviations of 112 draws.
                assertThat(estimate).isCloseTo(exact, within(4 * Math.sqrt(0.25 / 112)));
                sum += estimate - exact;
                count++;
            }
        }
        assertThat(count).isGreaterThan(50);
        assertThat(sum / count).as("no bias").isCloseTo(0, within(0.02));
    }

    @Test
    void similar_texts_share_a_band_and_unlike_ones_hardly_ever_do() {
        MinHash minHash = new MinHash(SETTINGS, 7);
        List<Sources.Speech> speeches = Sources.english(200);
        int met = 0;
        for (int i = 1; i < speeches.size(); i++) {
            met += meet(minHash, speeches.get(i - 1).body(), speeches.get(i).body()) ? 1 : 0;
        }
        assertThat(met).isLessThan(3);
        String text =
                String.join(" ", speeches.stream().limit(3).map(Sources.Speech::body).toList());
        assertThat(meet(minHash, text, text + " One sentence more was said at the end.")).isTrue();
    }

    @Test
    void a_text_shorter_than_a_shingle_has_no_signature() {
        assertThat(new MinHash(SETTINGS, 7).of(Words.of("four words are few"))).isNull();
        assertThat(new MinHash(SETTINGS, 7).of(Words.of("but five words are enough"))).isNotNull();
    }

    private static boolean meet(MinHash minHash, String one, String other) {
        MinHash.Signature first = minHash.of(Words.of(one));
        MinHash.Signature second = minHash.of(Words.of(other));
        if (first == null || second == null) {
            return false;
        }
        for (int i = 0; i < first.bands().length; i++) {
            if (first.bands()[i] == second.bands()[i]) {
                return true;
            }
        }
        return false;
    }

    private static double estimate(
            MinHash minHash,
            MinHash.Signature one,
            MinHash.@org.jspecify.annotations.Nullable Signature other) {
        byte[] second = Objects.requireNonNull(other).bytes();
        int equal = 0;
        for (int i = 0; i < minHash.signatureLength(); i++) {
            equal += one.bytes()[i] == second[i] ? 1 : 0;
        }
        double chance = 1.0 / 256;
        return ((double) equal / minHash.signatureLength() - chance) / (1 - chance);
    }

    private static double jaccard(Words one, Words other) {
        Set<Long> first = rows(one);
        Set<Long> second = rows(other);
        Set<Long> both = new HashSet<>(first);
        both.retainAll(second);
        return (double) both.size() / (first.size() + second.size() - both.size());
    }

    private static Set<Long> rows(Words words) {
        Set<Long> rows = new HashSet<>();
        for (int i = 0; i + SETTINGS.shingleWords() <= words.count(); i++) {
            rows.add(words.row(i, SETTINGS.shingleWords()));
        }
        return rows;
    }
}
