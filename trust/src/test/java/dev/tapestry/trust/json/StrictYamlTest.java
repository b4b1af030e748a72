package dev.tapestry.trust.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.consortium.LeftOutWhenEmpty;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class StrictYamlTest {

    private static final String GOOD = "host: here\nport: 84\nnames: [a, b]\nlimit: {most: 2}\n";

    @TempDir Path directory;

    record Settings(String host, int port, List<String> names, Limit limit) {}

    record Limit(int most) {}

    record House(Optional<Habits> oldHabits) {}

    record Habits(int quietHours, Optional<String> lastWord, Optional<Double> fairShare) {}

    @Test
    void a_file_with_all_keys_is_the_record() throws IOException {
        assertThat(read("# a comment\n" + GOOD))
                .isEqualTo(new Settings("here", 84, List.of("a", "b"), new Limit(2)));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "port: 84 | port: 84.7 | port: a whole number",
                "port: 84 | port: \"84\" | port: a whole number",
                "port: 84 | 'port: ' | port: a whole number",
                "port: 84 | 'port: 84, 85' | port: a whole number",
                "host: here | host: 7 | 'host: a string is expected, not 7; quote it'",
                "host: here | host: true | 'host: a string is expected, not true; quote it'",
                "host: here | host: [a] | 'host: a string is expected, not an array'",
                "host: here | hots: here | the keys are [host, port, names, limit]",
                "'{most: 2}' | '{most: 2, least: 1}' | unknown key 'limit.least'; the keys are [most]",
                "'{most: 2}' | '{}' | the key 'limit.most' is missing; the keys are [most]",
                "names: [a, b] | names: a | names: an array is expected, not \"a\"; write a list",
                "names: [a, b] | 'names: [&a a, *a]' | line 3): the alias *a is refused",
                "names: [a, b] | 'names: &a [*a]' | the alias *a is refused",
                "port: 84 | '<<: {port: 84}' | unknown key '<<'",
                "port: 84 | '*a : 84' | settings.yaml",
                "port: 84 | 'port: [' | is not YAML",
            })
    void another_kind_of_value_or_key_is_refused_with_its_key(
            String good, String bad, String reason) {
        assertThat(GOOD).contains(good);
        refused(GOOD.replace(good, bad), reason);
    }

    @Test
    void whatever_is_no_single_list_of_keys_is_refused() {
        refused("", "the keys are [host, port, names, limit]");
        refused("- a\n", "the keys are");
        refused(GOOD + "port: 85\n", "port");
        refused(GOOD + "port: 85\n", "is not YAML (line 5)");
        refused(GOOD + "more: 1\n", "unknown key 'more'");
        refused(GOOD + "---\n" + GOOD, "is not YAML");
        refused(GOOD + "#".repeat(StrictYaml.MAX_BYTES), "more than 65536 bytes");
        assertThatThrownBy(() -> StrictYaml.read(directory.resolve("none.yaml"), Settings.class))
                .isInstanceOfSatisfying(
                        TrustException.class, e -> assertThat(e.code()).isEqualTo(Code.STORAGE))
                .hasMessageContaining("there is no file");
    }

    @Test
    void only_an_optional_component_may_be_left_out_and_never_without_its_value()
            throws IOException {
        assertThat(hyphenated("quiet-hours: 3\n"))
                .isEqualTo(new Habits(3, Optional.empty(), Optional.empty()));
        assertThat(hyphenated("quiet-hours: 3\nlast-word: \"\"\nfair-share: 1\n"))
                .isEqualTo(new Habits(3, Optional.of(""), Optional.of(1.0)));
        assertThatThrownBy(() -> hyphenated("quiet-hours: 3\nlast-word:\n"))
                .hasMessageContaining("last-word: has no value; write one, or leave the key out");
    }

    record Journey(List<Leg> legs) {}

    record Leg(String to, Optional<String> note, Vehicle vehicle) {}

    sealed interface Vehicle {
        record Train(int coaches, Optional<Double> speed) implements Vehicle {}

        record OnFoot() implements Vehicle {}
    }

    @Test
    void records_in_lists_and_kinds_told_by_their_type_are_read_alike() throws IOException {
        String legs =
                """
                legs:
                - to: there
                  vehicle: {type: train, coaches: 3}
                - {to: back, note: slowly, vehicle: {type: on-foot}}
                """;
        assertThat(journey(legs))
                .isEqualTo(
                        new Journey(
                                List.of(
                                        new Leg(
                                                "there",
                                                Optional.empty(),
                                                new Vehicle.Train(3, Optional.empty())),
                                        new Leg(
                                                "back",
                                                Optional.of("slowly"),
                                                new Vehicle.OnFoot()))));
        assertThatThrownBy(() -> journey(legs.replace("train", "rocket")))
                .hasMessageContaining(
                        "legs[0].vehicle.type: one of [train, on-foot] is expected, not \"rocket\"");
        assertThatThrownBy(() -> journey(legs.replace("type: on-foot", "")))
                .hasMessageContaining("legs[1].vehicle.type: one of [train, on-foot]");
        assertThatThrownBy(() -> journey(legs.replace("coaches", "wheels")))
                .hasMessageContaining(
                        "unknown key 'legs[0].vehicle.wheels'; the keys are [type, coaches, speed]");
        assertThatThrownBy(() -> journey(legs.replace("note: slowly", "note:")))
                .hasMessageContaining("legs[1].note: has no value");
    }

    private Journey journey(String text) throws IOException {
        Path file = Files.writeString(directory.resolve("journey.yaml"), text);
        return StrictYaml.read(file, Journey.class);
    }

    sealed interface Shape {
        record Circle(double outerRadius) implements Shape {}

        record Point() implements Shape {}
    }

    record Fence(double height, @LeftOutWhenEmpty Optional<String> gate) {}

    @Test
    void a_key_whose_member_is_left_out_may_be_left_out() throws IOException {
        assertThat(fence("height: 1.5\n")).isEqualTo(new Fence(1.5, Optional.empty()));
        assertThat(fence("height: 1.5\ngate: oak\n")).isEqualTo(new Fence(1.5, Optional.of("oak")));
    }

    record Drawing(Shape shape, Optional<Shape> shadow) {}

    @Test
    void one_of_several_records_is_told_by_its_type() throws IOException {
        Shape circle = new Shape.Circle(2);
        assertThat(drawing("shape: {type: circle, outer-radius: 2}\n"))
                .isEqualTo(new Drawing(circle, Optional.empty()));
        assertThat(drawing("shape: {type: point}\nshadow:\n  outer-radius: 2\n  type: circle\n"))
                .isEqualTo(new Drawing(new Shape.Point(), Optional.of(circle)));
        assertThatThrownBy(() -> drawing("shape: {type: square}\n"))
                .hasMessageContaining(
                        "shape.type: one of [circle, point] is expected, not \"square\"");
        assertThatThrownBy(() -> drawing("shape: {outer-radius: 2}\n"))
                .hasMessageContaining("shape.type: one of [circle, point] is expected");
        assertThatThrownBy(() -> drawing("shape: {type: circle}\n"))
                .hasMessageContaining("the key 'shape.outer-radius' is missing");
        assertThatThrownBy(() -> drawing("shape: {type: point, outer-radius: 2}\n"))
                .hasMessageContaining("unknown key 'shape.outer-radius'; the keys are [type]");
        assertThatThrownBy(() -> drawing("shape: circle\n")).hasMessageContaining("shape");
    }

    private Fence fence(String text) throws IOException {
        Path file = Files.writeString(directory.resolve("fence.yaml"), text);
        return StrictYaml.read(file, Fence.class);
    }

    private Drawing drawing(String text) throws IOException {
        Path file = Files.writeString(directory.resolve("drawing.yaml"), text);
        return StrictYaml.read(file, Drawing.class, StrictYaml.Spelling.HYPHENATED);
    }

    @Test
    void an_optional_group_of_keys_is_as_strict_as_any_other() throws IOException {
        assertThat(house("{}\n")).isEqualTo(new House(Optional.empty()));
        assertThat(house("old-habits: {quiet-hours: 3}\n"))
                .isEqualTo(
                        new House(Optional.of(new Habits(3, Optional.empty(), Optional.empty()))));
        assertThatThrownBy(() -> house("old-habits: {quiet-hours: 3, loud: 1}\n"))
                .hasMessageContaining("unknown key 'old-habits.loud'; the keys are [quiet-hours");
        assertThatThrownBy(() -> house("old-habits: {quiet-hours: x}\n"))
                .hasMessageContaining("old-habits.quiet-hours: a whole number");
        assertThatThrownBy(() -> house("old-habits:\n"))
                .hasMessageContaining("old-habits: has no value");
    }

    private House house(String text) throws IOException {
        Path file = Files.writeString(directory.resolve("house.yaml"), text);
        return StrictYaml.read(file, House.class, StrictYaml.Spelling.HYPHENATED);
    }

    @Test
    void hyphenated_keys_are_named_as_they_stand_in_the_file() {
        assertThatThrownBy(() -> hyphenated("quiet-hours: few\n"))
                .hasMessageContaining("quiet-hours: a whole number")
                .hasMessageContaining("not \"few\"");
        assertThatThrownBy(() -> hyphenated("quietHours: 3\n"))
                .hasMessageContaining(
                        "unknown key 'quietHours'; the keys are [quiet-hours, last-word,"
                                + " fair-share]");
        assertThatThrownBy(() -> hyphenated("last-word: so\n"))
                .hasMessageContaining("the key 'quiet-hours' is missing");
    }

    @ParameterizedTest
    @ValueSource(strings = {"no", "a \"b\" \\ c", "two\nlines\t", "# ἀρχή 😀", "*a", ""})
    void quoted_text_is_read_as_it_was(String text) throws IOException {
        assertThat(read(GOOD.replace("here", StrictYaml.quoted(text))).host()).isEqualTo(text);
    }

    private Habits hyphenated(String text) throws IOException {
        Path file = Files.writeString(directory.resolve("habits.yaml"), text);
        return StrictYaml.read(file, Habits.class, StrictYaml.Spelling.HYPHENATED);
    }

    private void refused(String text, String reason) {
        assertThatThrownBy(() -> read(text))
                .isInstanceOfSatisfying(
                        TrustException.class,
                        e -> assertThat(e.code()).isEqualTo(Code.DOCUMENT_MALFORMED))
                .hasMessageContaining("settings.yaml")
                .hasMessageContaining(reason);
    }

    private Settings read(String text) throws IOException {
        Path file = Files.writeString(directory.resolve("settings.yaml"), text);
        return StrictYaml.read(file, Settings.class);
    }
}
