package dev.tapestry.node.egress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import java.net.URI;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class StoreAddressTest {

    private static StoreAddress of(String box) {
        return StoreAddress.of(box, Optional.empty(), Optional.empty());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "s3://",
                "s3:///prefix",
                "s3://b",
                "s3://UPPER/prefix",
                "s3://bucket/../other",
                "s3://bucket/a/./b",
                "s3://bucket/a//b",
                "s3://bucket/a b",
                "s3://bucket/a?b=c",
                "s3://bucket/..",
                "s3://user:word@bucket/prefix"
            })
    void what_leads_elsewhere_or_nowhere_is_refused(String box) {
        assertThatThrownBy(() -> of(box))
                .isInstanceOfSatisfying(
                        NodeException.class,
                        e -> assertThat(e.code()).isEqualTo(Code.STORE_REFUSED));
    }

    @Test
    void a_slash_at_the_end_makes_no_difference_and_each_place_has_a_copy_of_its_own() {
        assertThat(of("s3://bucket/rounds/helsinki/")).isEqualTo(of("s3://bucket/rounds/helsinki"));
        assertThat(of("s3://bucket")).isEqualTo(of("s3://bucket/")).hasToString("s3://bucket");
        assertThat(of("s3://bucket/a").folder())
                .isNotEqualTo(of("s3://bucket/b").folder())
                .isNotEqualTo(
                        StoreAddress.of(
                                        "s3://bucket/a",
                                        Optional.empty(),
                                        Optional.of(URI.create("http://127.0.0.1:9000")))
                                .folder());
        assertThat(StoreAddress.isOne("/media/usb/s3:/box")).isFalse();
    }
}
