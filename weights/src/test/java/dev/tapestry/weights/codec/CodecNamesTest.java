package dev.tapestry.weights.codec;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.CodecName;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class CodecNamesTest {

    @Test
    void the_codecs_that_plans_may_name_are_those_that_there_are() {
        assertThat(CodecName.KNOWN)
                .isEqualTo(
                        Arrays.stream(Codec.values())
                                .map(codec -> new CodecName(codec.wireName()))
                                .toList());
    }
}
