package dev.tapestry.trust.json;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.consortium.Charter;
import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.LeftOutWhenEmpty;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.ModelManifest;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.trust.Mutations;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CanonicalJsonTest {

    sealed interface Shape {
        record UnitCircle() implements Shape {}

        record Square(double side) implements Shape {}

        sealed interface Named extends Shape {
            record Polygon(String name, List<Integer> corners) implements Named {}
        }
    }

    @Test
    void a_document_of_countless_tiny_elements_is_refused_before_it_fills_the_memory() {
        byte[] zeros = ("[0" + ",0".repeat(2_000_000) + "]").getBytes(UTF_8);
        assertThatThrownBy(() -> CanonicalJson.read(zeros, Shape.class))
                .isInstanceOfSatisfying(
                        TrustException.class,
                        e -> assertThat(e.code()).isEqualTo(Code.DOCUMENT_MALFORMED))
                .hasMessageContainingAll("Token count", "500000");
    }

    record Grown(int old, @LeftOutWhenEmpty Optional<Colour> since) {}

    @Test
    void a_component_that_came_later_leaves_the_documents_before_it_as_they_were() {
        byte[] before = "{\"old\":1}".getBytes(UTF_8);
        assertThat(CanonicalJson.read(before, Grown.class))
                .isEqualTo(new Grown(1, Optional.empty()));
        assertThat(CanonicalJson.write(new Grown(1, Optional.empty()))).isEqualTo(before);

        Grown with = new Grown(1, Optional.of(Colour.RED));
        byte[] after = "{\"old\":1,\"since\":\"RED\"}".getBytes(UTF_8);
        assertThat(CanonicalJson.write(with)).isEqualTo(after);
        assertThat(CanonicalJson.read(after, Grown.class)).isEqualTo(with);

        assertThatThrownBy(() ->
                        CanonicalJson.read(
                                "{\"old\":1,\"since\":null}".getBytes(UTF_8), Grown.class))
                .hasMessageContaining(
                        "$.since: is null; where there is none the member is left out");
    }

    enum Colour {
        RED,
        DEEP_BLUE
    }

    record Everything(
            Digest digest,
            Map<MemberId, Double> weights,
            Map<RoundNumber, String> rounds,
            Set<String> tags,
            Optional<Instant> until,
            Optional<Shape> shape,
            @Nullable String remark,
            Duration limit,
            URI address,
            Colour colour,
            boolean good,
            long count,
            float small) {}

    record Spread(int from, int to) {
        Spread {
            if (from > to) {
                throw new IllegalArgumentException("from must not be above to");
            }
        }
    }

    record Counted(long total) {}

    private static final Everything FULL =
            new Everything(
                    Digest.of(new byte[0]),
                    Map.of(new MemberId("b"), 0.25, new MemberId("a"), 1e21),
                    Map.of(new RoundNumber(10), "ten", new RoundNumber(9), "nine"),
                    Set.of("y", "x"),
                    Optional.of(Instant.parse("2026-11-23T10:00:00.5Z")),
                    Optional.of(new Shape.Named.Polygon("triangle", List.of(1, 2, 3))),
                    null,
                    Duration.ofSeconds(90),
                    URI.create("https://example.org/a?b=c"),
                    Colour.DEEP_BLUE,
                    true,
                    (1L << 53) - 1,
                    0.1f);

    private static final String FULL_TEXT =
            "{\"address\":\"https://example.org/a?b=c\",\"colour\":\"DEEP_BLUE\","
                    + "\"count\":9007199254740991,\"digest\":"
                    + "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\","
                    + "\"good\":true,\"limit\":\"PT1M30S\",\"remark\":null,"
                    + "\"rounds\":{\"10\":\"ten\",\"9\":\"nine\"},"
                    + "\"shape\":{\"corners\":[1,2,3],\"name\":\"triangle\",\"type\":\"polygon\"},"
                    + "\"small\":0.10000000149011612,\"tags\":[\"x\",\"y\"],"
                    + "\"until\":\"2026-11-23T10:00:00.500Z\",\"weights\":{\"a\":1e+21,\"b\":0.25}}";

    @Test
    void a_record_with_everything_in_it_comes_back_equal() {
        assertThat(text(FULL)).isEqualTo(FULL_TEXT);
        assertThat(CanonicalJson.read(FULL_TEXT.getBytes(UTF_8), Everything.class)).isEqualTo(FULL);
    }

    @Test
    void the_records_of_a_sealed_interface_are_told_apart_by_type() {
        assertThat(text(new Shape.UnitCircle())).isEqualTo("{\"type\":\"unit-circle\"}");
        assertThat(text(new Shape.Square(2))).isEqualTo("{\"side\":2,\"type\":\"square\"}");
        assertThat(read("{\"type\":\"square\",\"side\":2}", Shape.class))
                .isEqualTo(new Shape.Square(2));
        assertThat(read("{\"type\":\"square\",\"side\":2}", Shape.Square.class))
                .isEqualTo(new Shape.Square(2));
        refused(
                "{\"type\":\"circle\"}",
                Shape.class,
                "$.type: one of [unit-circle, square, polygon]");
        refused("{\"side\":2}", Shape.class, "nothing");
        refused("{\"type\":\"unit-circle\"}", Shape.Square.class, "\"square\" is expected");
        refused("{\"type\":7}", Shape.class, "not 7");
    }

    @Test
    void wrappers_of_one_value_are_bare_and_other_records_of_one_component_are_objects() {
        assertThat(text(new MemberId("kyoto"))).isEqualTo("\"kyoto\"");
        assertThat(text(new RoundNumber(3))).isEqualTo("3");
        assertThat(text(new Counted(3))).isEqualTo("{\"total\":3}");
        assertThat(read("3", RoundNumber.class)).isEqualTo(new RoundNumber(3));
        refused("0", RoundNumber.class, "rounds are numbered from 1");
        refused("\"Kyoto\"", MemberId.class, "'Kyoto'");
    }

    @Test
    void the_order_of_sets_and_maps_does_not_reach_the_digest() {
        SortedMap<String, Integer> ascending = new TreeMap<>(Map.of("a", 1, "b", 2, "c", 3));
        assertThat(CanonicalJson.digest(ascending))
                .isEqualTo(CanonicalJson.digest(ascending.reversed()))
                .isEqualTo(Digest.of("{\"a\":1,\"b\":2,\"c\":3}".getBytes(UTF_8)));
    }

    @Test
    void events_and_manifests_of_the_consortium_come_back_equal() {
        Digest digest = Digest.of(new byte[] {1});
        List<ConsortiumEvent> events =
                List.of(
                        new ConsortiumEvent.Founded(
                                Charter.standard("Œuvre"), "ed25519:x", Instant.EPOCH),
                        new ConsortiumEvent.BasePublished(
                                new RoundNumber(2), digest, Optional.empty(), Instant.EPOCH),
                        new ConsortiumEvent.CollectionClosed(
                                new RoundNumber(2),
                                List.of(new MemberId("a"), new MemberId("b")),
                                Instant.EPOCH));
        for (ConsortiumEvent event : events) {
            assertThat(CanonicalJson.read(CanonicalJson.write(event), ConsortiumEvent.class))
                    .isEqualTo(event);
        }
        ModelManifest empty = new ModelManifest(List.of());
        assertThat(text(empty)).isEqualTo("{\"files\":[]}");
        assertThat(read("{\"files\":[]}", ModelManifest.class)).isEqualTo(empty);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"from\":1} | $.to: is missing",
                "{\"from\":1,\"to\":2,\"x\":3} | unknown member \"x\"; known are [from, to]",
                "{\"from\":1,\"to\":null} | not null",
                "{\"from\":1,\"to\":\"2\"} | $.to: a whole number",
                "{\"from\":1,\"to\":2.5} | not 2.5",
                "{\"from\":1,\"to\":2147483648} | not 2147483648",
                "{\"from\":1,\"to\":1e1} | a whole number",
                "{\"from\":3,\"to\":2} | from must not be above to: {\"from\":3,\"to\":2}",
                "[1,2] | an object is expected, not an array",
                "null | not null",
            })
    void what_does_not_fit_the_record_is_refused_with_place_and_text(String json, String reason) {
        refused(json, Spread.class, reason);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"colour\":\"DEEP_BLUE\" | \"colour\":\"GREEN\" | one of [RED, DEEP_BLUE]",
                "\"good\":true | \"good\":1 | true or false",
                "PT1M30S | 90 s | is no Duration",
                "2026-11-23T10 | 2026-13-23T10 | is no Instant",
                "https://example.org | ht tp: | is no URI",
                "[\"x\",\"y\"] | [\"x\",\"x\"] | an element twice",
                "{\"10\": | {\"010\": | not a whole number",
                "9007199254740991 | 9007199254740992 | a whole number",
                "0.10000000149011612 | 1e300 | too large",
                "\"good\":true | \"good\":null | not null",
                "\"tags\":[ | \"tags\":[null, | $.tags[0]: a string",
                "\"remark\":null, | '' | $.remark: is missing",
            })
    void each_kind_of_value_is_checked(String good, String bad, String reason) {
        assertThat(FULL_TEXT).contains(good);
        refused(FULL_TEXT.replace(good, bad), Everything.class, reason);
    }

    @Test
    void what_a_refusal_quotes_can_itself_be_written() {
        String key = "x".repeat(79) + "🧵".repeat(3);
        assertThatThrownBy(() ->
                        read(
                                "{\"type\":\"square\",\"side\":1,\"" + key + "\":1}",
                                Shape.Square.class))
                .isInstanceOfSatisfying(
                        TrustException.class,
                        e ->
                                assertThat(text(String.valueOf(e.getMessage())))
                                        .contains("x".repeat(79) + "…"));
    }

    @Test
    void what_has_no_canonical_form_is_not_written() {
        unwritable(Double.NaN, "NaN");
        unwritable(new Shape.Square(Double.POSITIVE_INFINITY), "$.side is Infinity");
        unwritable(1L << 53, "2^53");
        unwritable(List.of(Long.MIN_VALUE), "$[0]");
        unwritable("\ud800", "surrogate");
        unwritable(new Object(), "java.lang.Object");
        unwritable(Map.of(true, 1), "no scalar");
    }

    @Test
    void spoilt_documents_are_refused_and_nothing_else_happens() {
        Mutations.onlyTrustExceptions(
                11,
                4_000,
                FULL_TEXT.getBytes(UTF_8),
                bytes -> CanonicalJson.read(bytes, Everything.class));
    }

    private static void unwritable(Object value, String reason) {
        assertThatThrownBy(() -> CanonicalJson.write(value))
                .isInstanceOfSatisfying(
                        TrustException.class,
                        e -> assertThat(e.code()).isEqualTo(Code.DOCUMENT_UNWRITABLE))
                .hasMessageContaining(reason);
    }

    private static void refused(String json, Class<?> type, String reason) {
        assertThatThrownBy(() -> read(json, type))
                .isInstanceOfSatisfying(
                        TrustException.class,
                        e -> assertThat(e.code()).isEqualTo(Code.DOCUMENT_MALFORMED))
                .hasMessageContaining(reason);
    }

    private static String text(Object value) {
        return new String(CanonicalJson.write(value), UTF_8);
    }

    private static <T> T read(String json, Class<T> type) {
        return CanonicalJson.read(json.getBytes(UTF_8), type);
    }
}
