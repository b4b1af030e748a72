package dev.tapestry.consortium;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class DigestSetTest {

    @Test
    void it_holds_what_a_set_of_the_jdk_holds_whatever_is_added_and_removed() {
        List<Digest> digests =
                IntStream.range(0, 300).mapToObj(i -> Sample.digest("weights " + i)).toList();
        ForAll.randoms(
                100,
                random -> {
                    Set<Digest> expected = new HashSet<>();
                    DigestSet set = DigestSet.empty();
                    for (int i = 0; i < 300; i++) {
                        Digest digest = digests.get(random.nextInt(digests.size()));
                        if (random.nextInt(3) == 0) {
                            expected.remove(digest);
                            set = set.without(digest);
                        } else {
                            expected.add(digest);
                            set = set.with(digest);
                        }
                        assertThat(set.contains(digest)).isEqualTo(expected.contains(digest));
                        assertThat(set).hasSameSizeAs(expected);
                    }
                    assertThat(set)
                            .isEqualTo(expected)
                            .containsExactlyInAnyOrderElementsOf(expected);
                    assertThat(DigestSet.of(expected)).isEqualTo(set).hasSameHashCodeAs(expected);
                });
    }

    @Test
    void digests_that_differ_in_the_last_digit_only_are_told_apart() {
        Digest one = new Digest("0".repeat(63) + "1");
        Digest two = new Digest("0".repeat(63) + "2");
        DigestSet both = DigestSet.empty().with(one).with(two);
        assertThat(both).containsExactly(one, two);
        assertThat(both.without(one)).containsExactly(two);
        assertThat(both).as("what it was").hasSize(2);
    }
}
