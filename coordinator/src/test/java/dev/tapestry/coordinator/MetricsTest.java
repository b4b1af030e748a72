package dev.tapestry.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.protocol.Activity;
import dev.tapestry.consortium.protocol.Activity.Doing;
import dev.tapestry.consortium.protocol.Protocol;
import dev.tapestry.trust.json.CanonicalJson;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a monitoring system reads is what the round view, the presence and the log say. */
final class MetricsTest {

    @TempDir Path folder;

    /** The values by name and labels, as Prometheus reads them. */
    private static Map<String, Double> scrape(TestClient client) {
        Answer answer = client.get("/v1/metrics", Protocol.VERSION_HEADER, "no version at all");
        assertThat(answer.status()).isEqualTo(200);
        return new String(answer.body(), StandardCharsets.UTF_8)
                .lines()
                .filter(line -> !line.startsWith("#"))
                .collect(
                        Collectors.toMap(
                                line -> line.substring(0, line.lastIndexOf(' ')),
                                line ->
                                        Double.parseDouble(
                                                line.substring(line.lastIndexOf(' ') + 1))));
    }

    @Test
    void a_round_that_waits_says_for_whom_until_when_and_what_hinders_them() {
        try (Stage stage = new Stage(folder, Stage.charter(2)).withMembers("ada", "bela")) {
            assertThat(scrape(stage.steward))
                    .containsEntry("tapestry_round", 0.0)
                    .containsEntry("tapestry_round_phase{phase=\"IDLE\"}", 1.0)
                    .doesNotContainKey("tapestry_round_deadline_timestamp_seconds");

            stage.run(1, MergeRule.fedAvg());
            TestMember ada = stage.member(0);
            ada.takePart(1, Stage.SEED);
            TestMember bela = stage.member(1);
            bela.client.put(
                    "/v1/activity", CanonicalJson.write(Activity.of(1, Doing.TRAINING, 7, 9)));
            Map<String, Double> waiting = scrape(ada.client);
            assertThat(waiting)
                    .containsEntry("tapestry_round", 1.0)
                    .containsEntry("tapestry_round_phase{phase=\"IDLE\"}", 0.0)
                    .containsEntry("tapestry_round_phase{phase=\"COLLECTING\"}", 1.0)
                    .containsEntry("tapestry_run_bases_planned", 1.0)
                    .containsEntry("tapestry_member_awaited{member=\"ada\"}", 0.0)
                    .containsEntry("tapestry_member_awaited{member=\"bela\"}", 1.0)
                    .containsEntry("tapestry_member_steps_done{member=\"bela\"}", 7.0)
                    .containsEntry(
                            "tapestry_log_entries",
                            (double) stage.coordinator.ledger().snapshot().version())
                    .containsKeys(
                            "tapestry_round_deadline_timestamp_seconds",
                            "tapestry_member_seen_timestamp_seconds{member=\"bela\"}",
                            "process_resident_memory_bytes");

            Activity hindered =
                    new Activity(1, Doing.HINDERED, 0, 0, Optional.of("STORAGE"), Optional.empty());
            bela.client.put("/v1/activity", CanonicalJson.write(hindered));
            assertThat(scrape(ada.client))
                    .containsEntry(
                            "tapestry_member_doing{code=\"STORAGE\",doing=\"HINDERED\",member=\"bela\"}",
                            1.0)
                    .doesNotContainKey("tapestry_member_steps_done{member=\"bela\"}");
        }
    }

    @Test
    void refusals_are_counted_by_route_and_code() {
        try (Stage stage = new Stage(folder, Stage.charter(1)).withMembers("ada")) {
            TestMember ada = stage.member(0);
            String refused =
                    "tapestry_answers_total{code=\"PROTOCOL_VERSION\",method=\"GET\",route=\"/v1/presence\"}";
            assertThat(scrape(ada.client)).doesNotContainKey(refused);
            for (int i = 0; i < 3; i++) {
                assertThat(ada.client.get("/v1/presence", Protocol.VERSION_HEADER, "0").code())
                        .isEqualTo("PROTOCOL_VERSION");
            }
            ada.client.get("/v1/presence");
            assertThat(scrape(ada.client))
                    .containsEntry(refused, 3.0)
                    .containsEntry(refused.replace("PROTOCOL_VERSION", "OK"), 1.0);
        }
    }
}
